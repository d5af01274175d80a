using System.Collections.Concurrent;
using System.Text.Json;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>Commands of the provider: stored as those of operators are, if this tenant allows them, and what becomes of each is reported.</summary>
internal sealed partial class ProviderCommands(IDbContextFactory<TenantDbContext> databases, DeviceCommands commands, TenantOptions options, TimeProvider time, ILogger<ProviderCommands> log)
{
    public const string Setting = "IOT_PROVIDER_COMMANDS";
    public const string Allow = "allow";
    public const string Refuse = "refuse";

    private const int ReportsAtOnce = 32;
    private const int MostRefusals = 1000;
    private const int LongestName = 100;

    /// <summary>Of commands that were not stored; the provider sends again what it was not told.</summary>
    private readonly ConcurrentQueue<CommandReport> _refusals = [];

    /// <summary>Called once for each message; one that comes again is reported again. Throws where it can't be stored now.</summary>
    public async Task TakeAsync(string topic, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        if (BridgeCommandTopics.ReadRequest(topic) is not var (deviceId, id) || Read(payload.Span) is not { } command || await IsKnownAsync(id, cancellationToken))
        {
            return;
        }

        try
        {
            if (!options.AllowsProviderCommands)
            {
                throw new ProblemException(StatusCodes.Status403Forbidden, "commands_not_allowed", "This tenant takes no commands of its provider.");
            }

            var left = Math.Ceiling((command.ExpiresAt - time.GetUtcNow()).TotalSeconds);
            if (left <= 0)
            {
                Report(deviceId, id, CommandState.Expired, reason: null);
                return;
            }

            var order = CommandOrder.Decode(new SendCommandRequest { Name = command.Name, Payload = command.Payload, TtlSeconds = (int)Math.Min(left, int.MaxValue) });
            await commands.SendAsync(deviceId, order, "provider:" + (FreeText.IsValid(command.By, LongestName) ? command.By : "unknown"), id, cancellationToken);
        }
        catch (ProblemException e) when (e.Status < StatusCodes.Status500InternalServerError)
        {
            Refused(command.Name, deviceId, e.Code);
            Report(deviceId, id, CommandState.Refused, e.Code);
        }
    }

    /// <summary>What the provider does not know yet.</summary>
    public async Task<IReadOnlyList<CommandReport>> NextReportsAsync(CancellationToken cancellationToken)
    {
        var reports = new List<CommandReport>();
        while (reports.Count < ReportsAtOnce && _refusals.TryDequeue(out var refusal))
        {
            reports.Add(refusal);
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        // SQL: LINQ has no IS DISTINCT FROM, which is the index's condition.
        var changed = await db.DeviceCommands.FromSql($"SELECT * FROM tenant.device_commands WHERE provider_id IS NOT NULL AND reported IS DISTINCT FROM state ORDER BY id LIMIT {ReportsAtOnce}")
            .AsNoTracking().ToListAsync(cancellationToken);
        return [.. reports, .. changed.Select(command => new CommandReport(command, BridgeCommandTopics.Report(command.DeviceId, command.ProviderId!.Value), ReportOf(command)))];
    }

    /// <summary>The provider has acknowledged it.</summary>
    public async Task ReportedAsync(CommandReport report, CancellationToken cancellationToken)
    {
        if (report.Command is not { } command)
        {
            return;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.DeviceCommands.Where(c => c.Id == command.Id).ExecuteUpdateAsync(c => c.SetProperty(x => x.Reported, command.State), cancellationToken);
    }

    /// <summary>Of one that is not stored.</summary>
    private void Report(string deviceId, Guid id, CommandState state, string? reason)
    {
        if (_refusals.Count < MostRefusals)
        {
            _refusals.Enqueue(new CommandReport(null, BridgeCommandTopics.Report(deviceId, id), new BridgeCommandReport { State = state, EndedAt = time.GetUtcNow(), Reason = reason }));
        }
    }

    private async Task<bool> IsKnownAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.DeviceCommands.Where(c => c.ProviderId == id).ExecuteUpdateAsync(c => c.SetProperty(x => x.Reported, (CommandState?)null), cancellationToken) == 1;
    }

    private static BridgeCommand? Read(ReadOnlySpan<byte> payload)
    {
        try
        {
            return TelemetryPayload.ReadValue(payload, around: 1) is null ? JsonSerializer.Deserialize(payload, BridgeCommandJson.Command) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static BridgeCommandReport ReportOf(DeviceCommand command) => new()
    {
        State = command.State,
        DeliveredAt = command.DeliveredAt,
        EndedAt = command.EndedAt,
        Answer = TelemetryPayload.OfStored(command.Answer),
        Reason = command.Reason,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The provider's command {Name} to device {Device} is refused: {Reason}")]
    private partial void Refused(string name, string device, string reason);
}

/// <param name="Command">Null: it was not stored.</param>
/// <param name="Topic">Where it is published.</param>
/// <param name="Body">What.</param>
internal sealed record CommandReport(DeviceCommand? Command, string Topic, BridgeCommandReport Body);
