"""Alarms, notifications, the dashboard and saved queries."""
