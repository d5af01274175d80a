using System.CommandLine;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Iot;

internal static class TelemetryOutput
{
    public static Option<string?> Stream { get; } = Create();

    private static Option<string?> Create()
    {
        var stream = new Option<string?>("--stream") { Description = "telemetry, events or state; else all." };
        stream.AcceptOnlyFromAmong([.. TelemetryFormat.PrefixOfStream.Keys]);
        return stream;
    }
}

internal static class DevicesTelemetry
{
    private static readonly Option<DateTimeOffset?> From = new("--from") { Description = "At or after this time." };
    private static readonly Option<DateTimeOffset?> Before = new("--before") { Description = "Before this time." };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 50 };
    private static readonly Option<bool> State = new("--state") { Description = "The last known state instead." };

    public static Command Create() => Verb.Create(
        "telemetry", "Show what a device sent, newest first, or its last known state.", ["iot devices telemetry pump-1", "iot devices telemetry pump-1 --limit 1 --json", "iot devices telemetry pump-1 --state"],
        RunAsync, [DeviceArguments.Id, TelemetryOutput.Stream, From, Before, Limit, State, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var id = run.Get(DeviceArguments.Id);
        if (run.Get(State))
        {
            var state = await tenant.GetDeviceStateAsync(id, cancellationToken);
            run.Terminal.Result(state, console => Print.Facts(console, ("sent", Print.Time(state.SentAt)), ("topic", state.Topic), ("state", state.Payload.GetRawText())));
            return ExitCode.Ok;
        }

        var limit = Math.Max(1, run.Get(Limit));
        var records = await Pages.CollectAsync(cursor => tenant.ListTelemetryAsync(id, run.Get(From), run.Get(Before), cursor, Math.Min(limit, 200), run.Get(TelemetryOutput.Stream), cancellationToken), limit);
        run.Terminal.Result(records, console => Print.Rows(
            console, records, "nothing stored for these times",
            ("SENT", r => Print.Time(r.SentAt)), ("TOPIC", r => r.Topic), ("PAYLOAD", r => r.Payload.GetRawText())));
        return ExitCode.Ok;
    }, cancellationToken);
}
