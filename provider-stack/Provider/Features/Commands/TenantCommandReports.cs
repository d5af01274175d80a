using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Database;
using IoTPlatform.Provider.Data;
using IoTPlatform.Telemetry;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Commands;

/// <summary>What tenants' bridges report of commands. A tenant speaks of its own devices' commands only, and of each only forward.</summary>
internal sealed class TenantCommandReports(IDbContextFactory<ProviderDb> contexts, TimeProvider time)
{
    public const string Malformed = "not_a_report";
    public const string Unknown = "command_unknown";

    /// <summary>An answer, and what is around it.</summary>
    private const int Longest = TelemetryFormat.LongestPayload + 1024;
    private const int LongestReason = 200;

    /// <summary>Reports come all at once; the database's connections are for others, too.</summary>
    private const int MostAtOnce = 8;
    private readonly SemaphoreSlim _places = new(MostAtOnce, MostAtOnce);

    /// <summary>Null when it is stored, or known already; else why it can't be, ever.</summary>
    public async Task<string?> StoreAsync(string tenantId, string topic, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (BridgeCommandTopics.ReadReport(topic) is not var (deviceId, id) || Read(payload.Span) is not { } report)
        {
            return Malformed;
        }

        await _places.WaitAsync(cancellationToken);
        try
        {
            return await StoreAsync(tenantId, deviceId, id, report, cancellationToken) ? null : Unknown;
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<bool> StoreAsync(string tenantId, string deviceId, Guid id, BridgeCommandReport report, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var (delivered, over) = (report.DeliveredAt?.ToUniversalTime(), report.EndedAt?.ToUniversalTime() ?? now);
        var reason = report.Reason is { } text && text != TenantCommandDelivery.Unreported && FreeText.IsValid(text, LongestReason) ? text : null;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var command = await db.TenantCommands.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id && c.TenantId == tenantId && c.DeviceId == deviceId, cancellationToken);
        if (command is null)
        {
            return false;
        }

        if (report.State is CommandState.Queued or CommandState.Delivered)
        {
            // Not over an end, nor back from delivered to queued.
            await db.TenantCommands.Where(c => c.Id == id && c.EndedAt == null && (c.TakenAt == null || (c.State == CommandState.Queued && report.State == CommandState.Delivered)))
                .ExecuteUpdateAsync(
                    c => c.SetProperty(x => x.State, report.State).SetProperty(x => x.TakenAt, x => x.TakenAt ?? now).SetProperty(x => x.DeliveredAt, x => delivered ?? x.DeliveredAt),
                    cancellationToken);
            return true;
        }

        await db.RunAuditedAsync(async () =>
        {
            // Over an end that the provider gave it because it heard nothing; never over one that the tenant reported.
            var ended = await db.TenantCommands.Where(c => c.Id == id && (c.TakenAt == null || c.EndedAt == null || c.Reason == TenantCommandDelivery.Unreported))
                .ExecuteUpdateAsync(
                    c => c.SetProperty(x => x.State, report.State).SetProperty(x => x.TakenAt, x => x.TakenAt ?? now).SetProperty(x => x.DeliveredAt, x => delivered ?? x.DeliveredAt)
                        .SetProperty(x => x.EndedAt, over).SetProperty(x => x.Answer, Text(report.Answer)).SetProperty(x => x.Reason, reason),
                    cancellationToken);
            return ended == 1
                ? new AuditEntry(
                    $"tenant:{tenantId}", "tenant.command_ended", tenantId, AuditDetails.Of(("device", deviceId), ("command", id.ToString()), ("name", command.Name), ("state", SnakeCase.Of(report.State))))
                : null;
        }, cancellationToken);
        return true;
    }

    /// <summary>Null: none.</summary>
    private static BridgeCommandReport? Read(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > Longest || TelemetryPayload.ReadValue(payload, around: 1) is not null)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(payload, BridgeCommandJson.Report);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement? answer) => answer is { ValueKind: not JsonValueKind.Undefined } json ? json.GetRawText() : null;
}
