using IoTPlatform.Contracts.Events;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Provider.Data;
using Npgsql;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>The last transition of a workflow, in one transaction with its audit entry, refused when the input is no longer what the pass began with.</summary>
internal sealed class WorkflowEnds(TimeProvider time)
{
    public Task<bool> FinishAsync(TenantLock held, WorkflowInput input, CancellationToken cancellationToken) =>
        input.Tenant.Status == TenantStatus.Joining ? JoinedAsync(held, input, cancellationToken) : RemovedAsync(held, input, cancellationToken);

    private async Task<bool> JoinedAsync(TenantLock held, WorkflowInput input, CancellationToken cancellationToken)
    {
        var join = input.RequiredJoin;
        await using var transaction = await held.Connection.BeginTransactionAsync(cancellationToken);
        if (!await AffectedAsync(
            held.Connection,
            "UPDATE provider.tenants SET status = 'joined' WHERE tenant_id = $1 AND workflow_id = $2 AND workflow_revision = $3 AND status = 'joining'",
            [input.TenantId, input.WorkflowId, input.Tenant.WorkflowRevision], cancellationToken))
        {
            return false;
        }

        await AffectedAsync(held.Connection, "UPDATE provider.joins SET completed_at = $2 WHERE join_id = $1", [join.JoinId, time.GetUtcNow()], cancellationToken);
        await AuditLog.AppendAsync(held.Connection, Entry("tenant.joined", input, join), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static async Task<bool> RemovedAsync(TenantLock held, WorkflowInput input, CancellationToken cancellationToken)
    {
        await using var transaction = await held.Connection.BeginTransactionAsync(cancellationToken);
        await using var delete = new NpgsqlCommand("DELETE FROM provider.tenants WHERE tenant_id = $1 AND workflow_id = $2 AND status = 'removing' RETURNING bridge_up_since IS NOT NULL", held.Connection)
        {
            Parameters = { new() { Value = input.TenantId }, new() { Value = input.WorkflowId } },
        };
        if (await delete.ExecuteScalarAsync(cancellationToken) is not bool bridgeWasUp)
        {
            return false;
        }
        // Its connections were closed before; nobody looks for them any more.
        if (bridgeWasUp)
        {
            await AuditLog.AppendAsync(held.Connection, new AuditEntry("system", BridgeDown.Name, input.TenantId), cancellationToken);
        }

        await AuditLog.AppendAsync(held.Connection, Entry("tenant.removed", input, null), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static AuditEntry Entry(string action, WorkflowInput input, JoinRow? join) => new(
        "system", action, input.TenantId,
        AuditedTransaction.Details(
            ("workflow", input.WorkflowId.ToString()),
            ("sub_ca_key_sha256", join is null ? null : Convert.ToHexStringLower(join.SubCaKeySha256))));

    private static async Task<bool> AffectedAsync(NpgsqlConnection connection, string sql, object[] values, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }
}
