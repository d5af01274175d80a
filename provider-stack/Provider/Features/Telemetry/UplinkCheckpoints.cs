using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Provider.Features.Bridge;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>
/// How far each tenant's way up has come, kept where the messages are: a database that was restored, or taken over by a replica, has the checkpoint of
/// its own time, and the tenant resends from there. Every start of the database server counts as such: none can tell that it lost nothing.
/// </summary>
internal sealed class UplinkCheckpoints(NpgsqlDataSource database)
{
    /// <summary>Messages whose insert at the tenant ends after others that it received later.</summary>
    private static readonly TimeSpan AtTheTenant = TimeSpan.FromMinutes(1);

    /// <summary>Records how far it has come, if the tenant knows which database this is; else says from when to resend, and records nothing.</summary>
    public Task<UplinkCheckpoint> RecordAsync(string tenantId, UplinkProgress progress, CancellationToken cancellationToken) => AskAsync(
        """
        WITH this AS (SELECT extract(epoch FROM pg_postmaster_start_time())::text || '/' || oid AS id FROM pg_database WHERE datname = current_database()),
          recorded AS (
            INSERT INTO provider.uplink_checkpoints (tenant_id, acknowledged_until)
            SELECT tenant_id, $3 FROM this, provider.tenants WHERE this.id = $2 AND tenant_id = $1
            ON CONFLICT (tenant_id) DO UPDATE SET acknowledged_until = excluded.acknowledged_until RETURNING 1)
        SELECT this.id, EXISTS (SELECT FROM recorded), (SELECT acknowledged_until FROM provider.uplink_checkpoints WHERE tenant_id = $1) FROM this
        """,
        [new() { Value = tenantId }, new() { Value = progress.Database ?? "" }, new() { Value = Time(progress) }], cancellationToken);

    /// <summary>The same answer, and records nothing: that is for later, when what is before it in a queue is stored.</summary>
    public Task<UplinkCheckpoint> LookAsync(string tenantId, UplinkProgress progress, CancellationToken cancellationToken) => AskAsync(
        """
        WITH this AS (SELECT extract(epoch FROM pg_postmaster_start_time())::text || '/' || oid AS id FROM pg_database WHERE datname = current_database())
        SELECT this.id, this.id = $2, (SELECT acknowledged_until FROM provider.uplink_checkpoints WHERE tenant_id = $1) FROM this
        """,
        [new() { Value = tenantId }, new() { Value = progress.Database ?? "" }], cancellationToken);

    /// <summary>A tenant may say anything, also a time that nothing can be subtracted from.</summary>
    private static DateTimeOffset Time(UplinkProgress progress) =>
        progress.AcknowledgedUntil > DateTimeOffset.UnixEpoch ? progress.AcknowledgedUntil.ToUniversalTime() : DateTimeOffset.UnixEpoch;

    private async Task<UplinkCheckpoint> AskAsync(string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return new UplinkCheckpoint
        {
            Database = row.GetString(0),
            Recorded = row.GetBoolean(1),
            ResendFrom = row.GetBoolean(1) || await row.IsDBNullAsync(2, cancellationToken) ? null : row.GetFieldValue<DateTimeOffset>(2) - AtTheTenant,
        };
    }
}

/// <summary>Between a tenant's bridge and the database: what a broker has acknowledged may still wait in it.</summary>
internal interface IUplinkQueue
{
    /// <summary>Puts the checkpoint behind everything that the tenant's bridge sent before. It is recorded when all of that is stored, or not at all.</summary>
    Task SendAsync(string tenantId, UplinkProgress progress, CancellationToken cancellationToken);
}

internal static class UplinkCheckpointEndpoint
{
    public static void MapUplinkCheckpoints(this IEndpointRouteBuilder app) =>
        app.MapPost("/portal/admin/tenants/{tenantId}/bridge/uplink", RecordAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);

    private static async Task<Ok<UplinkCheckpoint>> RecordAsync(
        string tenantId, UplinkProgress progress, HttpContext context, UplinkCheckpoints checkpoints, IEnumerable<IUplinkQueue> queues, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        if (queues.SingleOrDefault() is not { } queue)
        {
            return TypedResults.Ok(await checkpoints.RecordAsync(tenantId, progress, cancellationToken));
        }

        var answer = await checkpoints.LookAsync(tenantId, progress, cancellationToken);
        if (answer.Recorded)
        {
            await queue.SendAsync(tenantId, progress, cancellationToken);
        }

        return TypedResults.Ok(answer);
    }
}
