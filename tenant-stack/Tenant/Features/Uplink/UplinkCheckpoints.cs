using IoTPlatform.Client;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>
/// Leaves at the provider, in the database that has the messages, how far the way up has come. A provider whose database was restored from a backup
/// answers with what that knows, and what was received since is sent again: each message is stored once.
/// </summary>
internal sealed partial class UplinkCheckpoints(JoinFiles files, ProviderLink provider, UplinkCursor cursor, TimeProvider time, ILogger<UplinkCheckpoints> log) : IMaintenanceTask
{
    public string Name => "uplink-checkpoint";

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        if (await RecordAsync(await cursor.ProviderDatabaseAsync(cancellationToken), cancellationToken) is not { Recorded: false } another)
        {
            return false;
        }

        if (await cursor.NoteProviderDatabaseAsync(another.Database, cancellationToken))
        {
            await RecordAsync(another.Database, cancellationToken);
            return false;
        }

        var from = another.ResendFrom ?? DateTimeOffset.UnixEpoch;
        await cursor.PutBackAsync(from, "system", another.Database, cancellationToken);
        Resending(from);
        return true;
    }

    /// <summary>Null: a provider of a version before.</summary>
    private async Task<UplinkCheckpoint?> RecordAsync(string? providerDatabase, CancellationToken cancellationToken)
    {
        // Read before what waits: what comes in between is behind it.
        var now = time.GetUtcNow();
        var (_, since) = await cursor.WaitingAsync(cancellationToken);
        var progress = new UplinkProgress { Database = providerDatabase, AcknowledgedUntil = since is { } first && first < now ? first : now };
        var bundle = files.ReadBundle() ?? throw new InvalidOperationException($"{files.Bundle} is missing or damaged.");
        using var identity = files.ReadBridgeIdentity(bundle);
        return await provider.CallAsync(async client =>
        {
            try
            {
                return await client.RecordUplinkAsync(bundle.TenantId, progress, cancellationToken);
            }
            catch (ApiException e) when (e is { Status: 404, Code: "not_found" })
            {
                return null;
            }
        }, identity);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The provider's database has been started anew, and may be an older one: what was received since {From:O} is sent again; what it has, it stores no second time")]
    private partial void Resending(DateTimeOffset from);
}
