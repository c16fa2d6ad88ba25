import { getMigrations } from "better-auth/db/migration";

import { auth, pool } from "@/lib/auth";

// Two replicas start at the same time; one migrates, the other waits and finds nothing left to do.
const MIGRATION_LOCK = 7361003;

async function migrateLocked() {
  const client = await pool.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [MIGRATION_LOCK]);
    const { runMigrations } = await getMigrations(auth.options);
    await runMigrations();
  } finally {
    // The lock ends with its connection.
    client.release(true);
  }
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
