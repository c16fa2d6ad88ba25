import type { NextConfig } from "next";

const config: NextConfig = {
  // The image holds only what the server needs: .next/standalone with its own small node_modules.
  output: "standalone",
  // Stays a package of its own there, so that `require('pg')` works in the pod.
  serverExternalPackages: ["pg"],
  poweredByHeader: false,
};

export default config;
