using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Database;
using IoTPlatform.Events;
using IoTPlatform.Tenant.Data;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>What becomes of a command, as audit entries: all states but that it was delivered.</summary>
internal static class CommandAudit
{
    public const string Command = "command";
    public const string Name = "name";

    public static IReadOnlyList<CommandState> States { get; } = [CommandState.Queued, CommandState.Answered, CommandState.Refused, CommandState.Cancelled, CommandState.Expired];

    public static string ActionOf(CommandState state) => "device.command_" + SnakeCase.Of(state);

    public static AuditEntry Of(DeviceCommand command, CommandState state, string actor) =>
        new(actor, ActionOf(state), command.DeviceId, AuditDetails.Of((Command, command.Id), (Name, command.Name)));
}

/// <summary>And as events.</summary>
internal sealed class CommandEventMapper : IEventMapper
{
    private static readonly Dictionary<string, CommandState> States = CommandAudit.States.ToDictionary(CommandAudit.ActionOf, StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Types { get; } = States.Keys.ToDictionary(action => action, _ => DeviceCommanded.Name, StringComparer.Ordinal);

    public Task<Func<RecordedOperation, PlatformEvent>> PrepareAsync(IReadOnlyList<RecordedOperation> operations, CancellationToken cancellationToken) =>
        Task.FromResult<Func<RecordedOperation, PlatformEvent>>(operation => new DeviceCommanded
        {
            Id = operation.EventId,
            OccurredAt = operation.At,
            Sequence = operation.Sequence,
            By = operation.Actor,
            DeviceId = operation.Subject,
            CommandId = long.Parse(operation.Detail(CommandAudit.Command), System.Globalization.CultureInfo.InvariantCulture),
            CommandName = operation.Detail(CommandAudit.Name),
            State = States[operation.Action],
        });
}
