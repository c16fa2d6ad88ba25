CREATE TABLE public.jwks (
    id text NOT NULL,
    "publicKey" text NOT NULL,
    "privateKey" text NOT NULL,
    "createdAt" timestamp with time zone NOT NULL,
    "expiresAt" timestamp with time zone,
    alg text,
    crv text
);

CREATE TABLE public.runbook_jwks_backup (
    backup_id text NOT NULL,
    taken_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    table_name text NOT NULL,
    action text NOT NULL,
    key_id text NOT NULL,
    was json NOT NULL,
    became json
);

INSERT INTO public.jwks VALUES ('readable', '{"crv":"Ed25519","x":"VBJEgO2quJT6EMkWqcRAicew8z6FFXVskcfcmlV-JNs","kty":"OKP"}', '"e39851b86fe277de7b33e4b3b0e683d4ceddf2b111eccf29c10b66897c26f880495422b4b573725b6688dbba98ec65e965ec2d687a04d08a122ca7273ec214920bffb2fcc77ada1cbc335cf98ef95106c39555825c2063aa364b73b741f5623b4e8ca5175f609c1bbd0fb3d04203b1d5041a2f695fa6a1b0cc254da8e1dbe4fd90574cf405a037542ee81b0124967fd9a871003730cb22a1b1595cbd78610b2523155a13d32d72c6fb"', '2025-01-01 12:00:00.123456+00', NULL, 'EdDSA', 'Ed25519');
INSERT INTO public.jwks VALUES ('unreadable', '{"crv":"Ed25519","x":"9TLmJ6i8VMnmWPIvfWHJokdeiHKOcIkSCva6y7DhxO8","kty":"OKP"}', '"1bb5f3e6f432f3416b13cddd41e06c7ee204e6d2ece7195d3ff6a58c9f5c16727a76e4e6966fcf56f079312a16ff20aaabba4602dad93c4bfa43a296bca526553ddab9fbda4e5e489b4755923aadf8099b6df9b435fc9e90e06f1017cd2689e033a7c3049bda13e40c0c48b5dc3a1635d113dd3bbd554e10d8a0e39f21c1ca0c47fd2e06bade2727fa62ec44ed265e6a17a9125531f32d7dba88985a168755d294399edeeb81c3f675"', '2025-01-02 12:00:00+00', '2026-11-28 09:04:28.58606+00', 'EdDSA', 'Ed25519');

INSERT INTO public.runbook_jwks_backup VALUES ('00c0ffee00c0ffee', '2026-11-28 09:05:28.390557+00', 'jwks', 'delete', 'old', '{"id":"old","publicKey":"{\"crv\":\"Ed25519\",\"x\":\"9TLmJ6i8VMnmWPIvfWHJokdeiHKOcIkSCva6y7DhxO8\",\"kty\":\"OKP\"}","privateKey":"\"1bb5f3e6f432f3416b13cddd41e06c7ee204e6d2ece7195d3ff6a58c9f5c16727a76e4e6966fcf56f079312a16ff20aaabba4602dad93c4bfa43a296bca526553ddab9fbda4e5e489b4755923aadf8099b6df9b435fc9e90e06f1017cd2689e033a7c3049bda13e40c0c48b5dc3a1635d113dd3bbd554e10d8a0e39f21c1ca0c47fd2e06bade2727fa62ec44ed265e6a17a9125531f32d7dba88985a168755d294399edeeb81c3f675\"","createdAt":"2024-01-02T12:00:00.5+00:00","expiresAt":"2024-12-01T00:00:00+00:00","alg":"EdDSA","crv":"Ed25519"}', NULL);
INSERT INTO public.runbook_jwks_backup VALUES ('11c0ffee11c0ffee', '2026-11-28 09:05:28.591993+00', 'jwks', 'retire', 'unreadable', '{"id":"unreadable","publicKey":"{\"crv\":\"Ed25519\",\"x\":\"9TLmJ6i8VMnmWPIvfWHJokdeiHKOcIkSCva6y7DhxO8\",\"kty\":\"OKP\"}","privateKey":"\"1bb5f3e6f432f3416b13cddd41e06c7ee204e6d2ece7195d3ff6a58c9f5c16727a76e4e6966fcf56f079312a16ff20aaabba4602dad93c4bfa43a296bca526553ddab9fbda4e5e489b4755923aadf8099b6df9b435fc9e90e06f1017cd2689e033a7c3049bda13e40c0c48b5dc3a1635d113dd3bbd554e10d8a0e39f21c1ca0c47fd2e06bade2727fa62ec44ed265e6a17a9125531f32d7dba88985a168755d294399edeeb81c3f675\"","createdAt":"2025-01-02T12:00:00+00:00","expiresAt":null,"alg":"EdDSA","crv":"Ed25519"}', '{"id":"unreadable","publicKey":"{\"crv\":\"Ed25519\",\"x\":\"9TLmJ6i8VMnmWPIvfWHJokdeiHKOcIkSCva6y7DhxO8\",\"kty\":\"OKP\"}","privateKey":"\"1bb5f3e6f432f3416b13cddd41e06c7ee204e6d2ece7195d3ff6a58c9f5c16727a76e4e6966fcf56f079312a16ff20aaabba4602dad93c4bfa43a296bca526553ddab9fbda4e5e489b4755923aadf8099b6df9b435fc9e90e06f1017cd2689e033a7c3049bda13e40c0c48b5dc3a1635d113dd3bbd554e10d8a0e39f21c1ca0c47fd2e06bade2727fa62ec44ed265e6a17a9125531f32d7dba88985a168755d294399edeeb81c3f675\"","createdAt":"2025-01-02T12:00:00+00:00","expiresAt":"2026-11-28T09:04:28.58606+00:00","alg":"EdDSA","crv":"Ed25519"}');

ALTER TABLE ONLY public.jwks
    ADD CONSTRAINT jwks_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.runbook_jwks_backup
    ADD CONSTRAINT runbook_jwks_backup_pkey PRIMARY KEY (backup_id, key_id);

