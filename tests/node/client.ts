// A client of the API with the types that openapi-typescript generates. It creates a user without the optional fields,
// then one with the same id, and prints what it got. The test compiles it; `@ts-expect-error` lines must not compile.
import createClient from "openapi-fetch";
import type { components, paths } from "./api";

type Problem = components["schemas"]["Problem"];

async function main(): Promise<void> {
  const { URL: baseUrl, TOKEN } = process.env;
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${TOKEN}` } });

  const created = await client.POST("/users", { body: { name: "Jane" } });
  if (created.error) throw new Error(describe(created.error));
  const id: string = created.data.id;
  const email: string = created.data.email;

  const page = await client.GET("/users", { params: { query: { limit: 10 } } });
  const cursor: string | null | undefined = page.data?.next_cursor;

  const events = await client.GET("/events", { params: { query: { date_from: "2026-06-01", order: "-date" } } });
  if (events.error) throw new Error(describe(events.error));

  const conflict = await client.POST("/users", { body: { id, name: "Jane" } });
  const problem: Problem | undefined = conflict.error;

  // @ts-expect-error a list has some orders only
  void (() => client.GET("/events", { params: { query: { order: "name" } } }));
  // @ts-expect-error a user needs a name
  void (() => client.POST("/users", { body: { email: "jane@example.com" } }));
  // @ts-expect-error every error is a problem
  void (() => conflict.error?.message);

  console.log(JSON.stringify({ id, email, cursor, problem: problem && describe(problem) }));
}

function describe(problem: Problem): string {
  const fields = (problem.errors ?? []).map((error) => `${error.field} ${error.detail}`);
  return [problem.type, problem.detail, ...fields].join("; ");
}

void main();
