"use client";

import Link from "next/link";
import { useRouter } from "next/navigation";

import { authClient } from "@/lib/auth-client";

export function Navigation({ email }: { email: string }) {
  const router = useRouter();
  async function signOut() {
    await authClient.signOut();
    router.push("/sign-in");
  }
  return (
    <nav>
      <Link href="/dashboard">Tasks</Link>
      <Link href="/chat">Chat</Link>
      <span>{email}</span>
      <button className="quiet" onClick={signOut}>Sign out</button>
    </nav>
  );
}
