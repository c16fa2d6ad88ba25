# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Database URLs as applications hold them, and which of them may be used from here."""

from __future__ import annotations

import traceback

import pytest
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.address import address_of, is_local
from ansible_collections.runbook.minikube.plugins.module_utils._internal.clients.database.portable import KNOWN, well_formed
from ansible_collections.runbook.minikube.plugins.module_utils._internal.errors import RunbookError

BASE = {"host": "db", "port": "5433", "user": "u", "password": "p/w:1", "dbname": "todo"}


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg2", "postgresql+py-postgresql"])
def test_schemes_of_drivers(scheme):
    address = address_of(f"{scheme}://u:p%2Fw%3A1@db:5433/todo\n", "w")
    assert address.parameters == BASE
    assert (address.host, address.port, str(address)) == ("db", 5433, "database todo at db:5433")


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("sslmode=require", {"sslmode": "require"}),
        ("sslmode=verify-full&sslrootcert=/ca.pem", {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}),
        ("ssl=true", {"sslmode": "verify-full", "sslrootcert": "system"}),
        ("sslrootcert=/ca.pem&ssl=true", {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}),
        ("ssl=false", {}),
        ("ssl=verify-ca", {"sslmode": "verify-ca"}),
        ("sslmode=no-verify", {"sslmode": "require"}),
        ("ssl=no-verify", {"sslmode": "require"}),
        ("sslmode=verify-full&ssl=require&sslmode=disable", {"sslmode": "verify-full"}),
        ("sslmode=require&ssl=false", {"sslmode": "require"}),
        ("require_auth=scram-sha-256&keepalives_idle=5", {"require_auth": "scram-sha-256", "keepalives_idle": "5"}),
        ("sslmode=require&sslaccept=accept_invalid_certs&sslcert=/ca.pem", {"sslmode": "require", "sslrootcert": "/ca.pem"}),
        ("sslmode=require&sslaccept=strict&sslcert=/ca.pem", {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}),
        ("sslaccept=strict", {"sslmode": "verify-full", "sslrootcert": "system"}),
        ("sslmode=disable&sslaccept=strict", {"sslmode": "disable"}),
        ("sslmode=require&sslcert=/me.pem&sslkey=/me.key", {"sslmode": "require", "sslcert": "/me.pem", "sslkey": "/me.key"}),
        ("socket_timeout=3&pool_timeout=2&statement_cache_size=0&prepared_statement_cache_size=0&uselibpqcompat=true&fallback_application_name=x", {}),
        ("pgbouncer=true&connection_limit=1&service=mine&passfile=/x&application_name=a", {"application_name": "a"}),
    ],
)
def test_parameters_of_drivers(query, parameters):
    assert address_of(f"postgresql://u:p%2Fw%3A1@db:5433/todo?{query}", "w").parameters == {**BASE, **parameters}


def test_libpq_knows_what_is_handed_to_it():
    from psycopg2.extensions import libpq_version, parse_dsn

    newer = {"sslnegotiation"} if libpq_version() < 170000 else set()
    known = [name for name in KNOWN if name not in newer]
    assert parse_dsn(" ".join(f"{name}=x" for name in known)) == dict.fromkeys(known, "x")


@pytest.mark.parametrize("password", ["a/b", "/ab", "12/b", "a#b", "a?b", "a/b?c#d:e", "a@b", "@", "a b", "%", "100%", "%zz", "ü", ""])
def test_a_password_as_sqlalchemy_libpq_or_node_takes_it(password):
    url = f"postgresql+psycopg2://u:{password}@db:5433/todo?sslmode=require"
    wanted = {**BASE, "password": password, "sslmode": "require"}
    if not password:
        del wanted["password"]
    assert address_of(url, "w").parameters == wanted
    assert address_of(well_formed(url), "w").parameters == wanted


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hunter2@db:port/x",
        "postgresql://u:12/hunter2@db/x", "postgresql://u:/hunter2@db/x", "postgresql://u:hun@ter2/x@db/x", "postgresql://u:hunter2@db/x?user=a@b",
        "postgresql://u:hun/ter2", "postgresql://u@hunter2?x=y@db/x",
        "postgresql://db:5432/x?password=hunter2@y", "postgresql://u:p@hunter2 x/x", "postgresql://u:p@db:99999/hunter2",
        "postgresql://u:hunter2@db:0/x", "postgresql://u:hunter2@[::1/x", "postgresql://u:hunter2@db/x?ssl=hunter2",
        "postgresql://u:hunter2@db/x?sslmode=verify_full", "postgresql://u:hunter2@db/x?schema=a&search_path=b", "postgresql://u:hunter2@db/x%00",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_shown(url):
    refuse(url, "is not a valid PostgreSQL URL|names its schema more than once|has an unknown value")


def refuse(url, words):
    with pytest.raises(RunbookError, match=f"^w ({words})") as refused:
        address_of(url, "w")
    output = "".join(traceback.format_exception(refused.value))
    assert "hunter2" not in output and "ter2" not in output


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (" \n", "is empty"),
        ("'postgresql://u:hunter2@db/x'", "is in quotes.* remove them"),
        ('"postgresql://u:hunter2@db/x"', "is in quotes.* remove them"),
        ("psql 'postgresql://u:hunter2@db/x?sslmode=require'", "is a psql command: keep only the URL"),
        ("psql postgresql://u:hunter2@db/x", "is a psql command: keep only the URL"),
        ('DATABASE_URL="postgresql://u:hunter2@db/x"', "starts with the name of a variable: keep only the URL"),
        ("export DATABASE_URL=postgres://u:hunter2@db/x", "starts with the name of a variable: keep only the URL"),
        ("host=db user=u password=hunter2 dbname=x", "is a list of parameters, not a URL: write it as postgresql://"),
        ("Host=db;Username=u;Password=hunter2", "is a list of parameters, not a URL: write it as postgresql://"),
        ("jdbc:postgresql://db/x?user=u&password=hunter2", "is a JDBC URL: write it as postgresql://"),
        ("prisma+postgres://accelerate.prisma-data.net/?api_key=hunter2", "is the URL of a Prisma proxy.*: use the database's own URL"),
        ("mysql://u:hunter2@db/x", "has a scheme other than postgresql://"),
        ("postgresql+://u:hunter2@db/x", "has a scheme other than postgresql://"),
        ("hunter2", "has no scheme: it must be postgresql://"),
        ("u:hunter2@db/x", "has no scheme: it must be postgresql://"),
        ("postgresql://u:hunter2@a,b/x", "names several hosts.*: use a URL that names only the primary"),
        ("postgresql://u:hunter2@a:5432,b:5432/x?target_session_attrs=read-write", "names several hosts"),
        ("postgresql://u:hunter2@[::1]:5432,[::2]:5432/x", "names several hosts"),
        ("postgresql://u:hunter2@a%2Cb/x", "names several hosts"),
        ("postgresql://u:x@a,b/hunter2", "names several hosts"),
        ("postgresql://u:hunter2@db/x?host=a,b", "names several hosts"),
        ("postgresql://u:hunter2@/x?host=a&port=1,2", "names several hosts"),
        ("postgresql://u:hunter2@db/x?hostaddr=1.1.1.1,2.2.2.2", "names several hosts"),
        ("postgresql+psycopg2://u:hunter2@/x?host=a&connect_timeout=1&host=b", "names several hosts"),
    ],
)
def test_the_refusal_names_the_mistake(url, words):
    refuse(url, words)


@pytest.mark.parametrize("url", ["postgresql://u%40server:p@db/x", "postgresql+psycopg2://u@server:p@db/x"])
def test_a_user_with_the_name_of_its_server(url):
    assert address_of(url, "w").parameters == {"host": "db", "user": "u@server", "password": "p", "dbname": "x"}
    assert well_formed(url) == "postgresql://u%40server:p@db/x"


@pytest.mark.parametrize("url", ["postgresql://u:p,w@db/x", "postgresql://u:p@db/x?options=-c%20search_path%3Da,b", "postgresql://u:p@db/a,b"])
def test_a_comma_elsewhere_is_no_second_host(url):
    assert address_of(url, "w").host == "db"


def test_nothing_is_shown():
    address = address_of("postgresql://u:p%2Fw@db/todo", "w")
    assert "p/w" not in repr(address) and {"p/w", "p%2Fw"} <= set(address.secrets)


@pytest.mark.parametrize(
    ("query", "schemas"),
    [("schema=auth", ("auth",)), ("search_path=auth,public", ("auth", "public")), ("currentSchema=%22Auth%22", ("Auth",)), ("schema=", ()), ("", ())],
)
def test_the_schema_of_a_url(query, schemas):
    address = address_of(f"postgresql://u:p@db/todo?{query}", "w")
    assert address.schemas == schemas
    for option in (None, *schemas):
        address.require_schema(option)
    assert all(one in str(address) for one in schemas)


def test_a_schema_that_contradicts_the_option():
    with pytest.raises(RunbookError, match=r"^schema: the option is public, but the URL has auth \(w\). Correct"):
        address_of("postgresql://u:p@db/todo?schema=auth", "w").require_schema("public")


LOCAL = ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.8.7.6", "127.1", "2130706433", "0.0.0.0", "0", "[::1]", "[::ffff:127.0.0.1]", "[::]"]


@pytest.mark.parametrize("host", [*LOCAL, "", "%2Fvar%2Frun", "%40abstract"])
def test_an_address_of_this_machine(host):
    with pytest.raises(RunbookError, match=r"^w names .*workload: Deployment/NAME, which is via: pod.*via: direct"):
        address_of(f"postgresql://u:p@{host}/todo", "w").require_elsewhere()


@pytest.mark.parametrize("query", ["host=localhost", "host=/tmp", "hostaddr=127.0.0.1"])
def test_a_parameter_that_names_this_machine(query):
    with pytest.raises(RunbookError, match="^w names"):
        address_of(f"postgresql://u:p@db/todo?{query}", "w").require_elsewhere()


@pytest.mark.parametrize("host", ["db", "10.0.0.1", "localhost.example.com", "127.0.0.1.nip.io", "fd00::1", "db-localhost", "126.255.255.255"])
def test_any_other_machine(host):
    assert not is_local(host)


@pytest.mark.parametrize(
    ("url", "missing"),
    [
        ("postgresql:///x", "no host and no user"), ("postgresql://u:p@/x", "no host"), ("postgresql://db/x", "no user"),
        ("postgresql://u@db", "no database"), ("postgresql://", "no host and no user and no database"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_not_filled_in(url, missing):
    with pytest.raises(RunbookError, match=f"^w names {missing}. Defaults of this machine are not used"):
        address_of(url, "w").require_complete(tunnelled=False)


def test_a_forward_needs_no_host():
    address_of("postgresql://u:p@/x", "w").require_complete(tunnelled=True)
    address_of("postgresql://u:p@/x?hostaddr=10.0.0.1", "w").require_complete(tunnelled=False)
