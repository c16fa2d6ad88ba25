"use client";

import { useRouter } from "next/navigation";
import { type FormEvent, useState } from "react";

type Outcome = { error: { message?: string; statusText?: string } | null };
type Props = { action: string; withName?: boolean; submit: (fields: Record<string, string>) => Promise<Outcome> };

export function CredentialsForm({ action, withName = false, submit }: Props) {
  const router = useRouter();
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    const fields = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    const { error } = await submit(fields);
    if (!error) return router.push("/dashboard");
    setBusy(false);
    setError(error.message || error.statusText || "The server did not answer.");
  }

  return (
    <form className="column" onSubmit={onSubmit}>
      {withName && <label>Name<input name="name" autoComplete="name" required /></label>}
      <label>Email<input name="email" type="email" autoComplete="email" required /></label>
      <label>Password<input name="password" type="password" minLength={8} autoComplete={withName ? "new-password" : "current-password"} required /></label>
      {error && <p role="alert">{error}</p>}
      <button disabled={busy}>{action}</button>
    </form>
  );
}
