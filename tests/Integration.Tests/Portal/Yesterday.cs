using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.Portal;

/// <summary>A database made today takes no telemetry from before: tests that write some of the last hour would fail in the first hour of a day.</summary>
internal static class Yesterday
{
    /// <param name="database">Of a stack.</param>
    /// <param name="schema">The stack's.</param>
    public static Task TakesTelemetryAsync(this TestDatabase database, string schema) => database.ExecuteAsync(
        $"""
        DO $$
        DECLARE
          today timestamptz := date_trunc('day', now(), 'UTC');
        BEGIN
          EXECUTE format('CREATE TABLE IF NOT EXISTS {schema}.telemetry_%s PARTITION OF {schema}.telemetry FOR VALUES FROM (%L) TO (%L)', to_char((today - interval '1 day') AT TIME ZONE 'UTC', 'YYYYMMDD'), today - interval '1 day', today);
        END $$
        """);
}
