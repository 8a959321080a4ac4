"""Restore a deployed stack's tables from a point in time or a backup: `python -m infra.restore`.

DynamoDB restores only into new tables. So the command restores into a temporary table, compares it with the stack's
table, and copies items, which leaves the stack's table, and with it Pulumi's state, in place.

The command needs these permissions, on the stack's table `T` and on the temporary tables `T-restore-*`:

- dynamodb:ListTables on all tables;
- dynamodb:DescribeTable, dynamodb:Scan and dynamodb:BatchGetItem on both;
- for a point in time, dynamodb:DescribeContinuousBackups and dynamodb:RestoreTableToPointInTime on `T`; for a backup,
  dynamodb:DescribeBackup and dynamodb:RestoreTableFromBackup on `T/backup/*`; for a recovery point of AWS Backup,
  backup:ListRecoveryPointsByResource on all resources, backup:StartRestoreJob on the recovery point, and iam:PassRole
  on the role;
- dynamodb:PutItem, UpdateItem, DeleteItem, GetItem, Query and BatchWriteItem on `T-restore-*`, with which DynamoDB
  fills the temporary table (AWS, "Using IAM with DynamoDB backup and restore");
- with --apply, dynamodb:PutItem on `T`, and dynamodb:DeleteItem on `T` with --exact; dynamodb:ListBackups and
  dynamodb:CreateBackup on `T`, dynamodb:DescribeBackup on `T/backup/*`; with --apply or --discard,
  dynamodb:DeleteTable on `T-restore-*`;
- for tables with a key of KMS, on the key: kms:Encrypt, Decrypt, ReEncryptFrom, ReEncryptTo, GenerateDataKey,
  GenerateDataKeyWithoutPlaintext, DescribeKey and CreateGrant, which DynamoDB requires of whoever chooses the key of a
  table (AWS, "DynamoDB encryption at rest: usage notes").
"""
