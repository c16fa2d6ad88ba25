"use client";

import Link from "next/link";

import { CredentialsForm } from "@/app/credentials-form";
import { authClient } from "@/lib/auth-client";

export default function SignUp() {
  return (
    <main>
      <h1>Sign up</h1>
      <CredentialsForm action="Sign up" withName submit={({ name, email, password }) => authClient.signUp.email({ name, email, password })} />
      <p>You have an account? <Link href="/sign-in">Sign in</Link></p>
    </main>
  );
}
