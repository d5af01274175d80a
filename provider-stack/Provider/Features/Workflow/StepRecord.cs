using Npgsql;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>Writes <c>provider.join_steps</c>. Each call is a transaction of its own, after the step's effect.</summary>
internal static class StepRecord
{
    /// <summary>A step that was recorded as done stays so: running it again only looks whether the world still agrees.</summary>
    public static Task DoneAsync(TenantLock held, WorkflowInput input, string step, DateTimeOffset at, TimeSpan took, CancellationToken cancellationToken) =>
        ExecuteAsync(
            held,
            """
            INSERT INTO provider.join_steps AS s (workflow_id, tenant_id, step, attempts, completed_at, duration_ms)
            VALUES ($1, $2, $3, 1, $4, $5)
            ON CONFLICT (workflow_id, step) DO UPDATE
              SET attempts = s.attempts + 1, completed_at = excluded.completed_at, duration_ms = excluded.duration_ms, last_error = NULL
              WHERE s.completed_at IS NULL
            """,
            [input.WorkflowId, input.TenantId, step, at, took.TotalMilliseconds], cancellationToken);

    public static Task FailedAsync(TenantLock held, WorkflowInput input, string step, string error, CancellationToken cancellationToken) =>
        ExecuteAsync(
            held,
            """
            INSERT INTO provider.join_steps AS s (workflow_id, tenant_id, step, attempts, last_error) VALUES ($1, $2, $3, 1, $4)
            ON CONFLICT (workflow_id, step) DO UPDATE
              SET attempts = s.attempts + 1, last_error = excluded.last_error, completed_at = NULL, duration_ms = NULL
            """,
            [input.WorkflowId, input.TenantId, step, error], cancellationToken);

    private static async Task ExecuteAsync(TenantLock held, string sql, object[] values, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, held.Connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
