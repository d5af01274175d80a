using IoTPlatform.Testing;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>Looks through every row of every table of the platform's schemas.</summary>
internal static class DatabaseText
{
    public static Task<bool> ContainsAsync(TestDatabase database, string text) => database.ScalarAsync<bool>(
        """
        SELECT EXISTS (
          SELECT FROM information_schema.tables t,
            LATERAL query_to_xml(format('SELECT t::text AS row FROM %I.%I AS t', t.table_schema, t.table_name), false, true, '') AS content
          WHERE t.table_schema IN ('provider', 'ca', 'audit', 'accounts', 'platform') AND t.table_type = 'BASE TABLE'
            AND position($1 in content::text) > 0)
        """,
        text);
}
