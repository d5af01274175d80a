using IoTPlatform.Provider.Features.Workflow;
using Npgsql;

namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>After the broker's step, so that no new rows arrive. In batches, so that a step that timed out resumes where it stopped.</summary>
internal sealed class RemoveTelemetryStep(NpgsqlDataSource database) : IRemovalStep
{
    private const int Rows = 20_000;

    public string Name => "remove-telemetry";

    public async Task EnsureAsync(WorkflowInput input, CancellationToken cancellationToken)
    {
        // Waits for batches that began when the tenant was not being removed yet; later ones leave its messages out.
        await using (var barrier = database.CreateCommand("DO $$ BEGIN LOCK TABLE provider.telemetry IN SHARE MODE; END $$"))
        {
            await barrier.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var rates = database.CreateCommand("DELETE FROM provider.bridge_minutes WHERE tenant_id = $1");
        rates.Parameters.Add(new() { Value = input.TenantId });
        await rates.ExecuteNonQueryAsync(cancellationToken);
        await using var delete = database.CreateCommand(
            """
            DELETE FROM provider.telemetry WHERE (tenant_id, device_id, sent_at, identity) IN
              (SELECT tenant_id, device_id, sent_at, identity FROM provider.telemetry WHERE tenant_id = $1 LIMIT $2)
            """);
        delete.Parameters.Add(new() { Value = input.TenantId });
        delete.Parameters.Add(new() { Value = Rows });
        while (await delete.ExecuteNonQueryAsync(cancellationToken) > 0)
        {
        }
    }
}
