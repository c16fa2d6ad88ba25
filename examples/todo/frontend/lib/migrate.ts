import { getMigrations } from "better-auth/db/migration";
import type { Pool, PoolClient } from "pg";

import { auth, pool } from "@/lib/auth";

// Two replicas start at the same time; one migrates, the other waits and finds nothing left to do.
const MIGRATION_LOCK = 7361003;

async function migrateLocked() {
  const client = await pool.connect();
  try {
    // The transaction's lock, not the session's: behind a pooler, the next transaction may have another session.
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    // In the same transaction, which makes all tables or none, and needs no second connection of a pooler.
    const { runMigrations } = await getMigrations({ ...auth.options, database: poolOf(client) });
    await runMigrations();
    await client.query("COMMIT");
  } finally {
    // The transaction and its lock end with the connection.
    client.release(true);
  }
}

/** A pool for Better Auth that always gives this one connection. */
function poolOf(client: PoolClient) {
  const connection = { query: client.query.bind(client), release() {} };
  return { connect: async () => connection } as unknown as Pool;
}

/** Makes Better Auth's tables, waiting for a database that is still starting. */
export async function migrate() {
  for (;;) {
    try {
      return await migrateLocked();
    } catch (error) {
      console.error("Better Auth's tables are not ready, next attempt in 1 s:", error);
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}
