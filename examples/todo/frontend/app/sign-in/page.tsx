"use client";

import Link from "next/link";

import { CredentialsForm } from "@/app/credentials-form";
import { authClient } from "@/lib/auth-client";

export default function SignIn() {
  return (
    <main>
      <h1>Sign in</h1>
      <CredentialsForm action="Sign in" submit={({ email, password }) => authClient.signIn.email({ email, password })} />
      <p>No account yet? <Link href="/sign-up">Sign up</Link></p>
    </main>
  );
}
