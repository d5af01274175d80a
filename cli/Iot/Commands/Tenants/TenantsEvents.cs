using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class TenantsEvents
{
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many.", DefaultValueFactory = _ => 50 };

    public static Command Create() => Verb.Create(
        "events", "List what happened to a tenant, newest first, also after its removal.", ["iot tenants events acme", "iot tenants events acme --json | jq '.[].type'"],
        RunAsync, [TenantArguments.Id, Limit, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var events = await Pages.CollectAsync(cursor => provider.ListTenantEventsAsync(run.Get(TenantArguments.Id), cursor, cancellationToken: cancellationToken), run.Get(Limit));
        run.Terminal.Result(events, console => Print.Rows(
            console, events, "no events yet",
            ("AT", e => Print.Time(e.OccurredAt)), ("EVENT", e => e.Type), ("BY", e => e.By), ("DETAILS", e => e.Event.GetRawText())));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class TenantsTelemetry
{
    private static readonly Option<string?> Device = new("--device") { Description = "Of this device only." };
    private static readonly Option<DateTimeOffset?> From = new("--from") { Description = "At or after this time." };
    private static readonly Option<DateTimeOffset?> Before = new("--before") { Description = "Before this time." };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most so many.", DefaultValueFactory = _ => 50 };

    public static Command Create() => Verb.Create(
        "telemetry", "Show what a tenant's devices sent, newest first.", ["iot tenants telemetry acme", "iot tenants telemetry acme --device pump-7 --from 2026-11-01T00:00:00Z --json", "iot tenants telemetry acme --device pump-7 --stream state --limit 1"],
        RunAsync, [TenantArguments.Id, Device, TelemetryOutput.Stream, From, Before, Limit, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        var limit = Math.Max(1, run.Get(Limit));
        var records = await Pages.CollectAsync(
            cursor => provider.ListTelemetryAsync(id, run.Get(Device), run.Get(From), run.Get(Before), cursor, Math.Min(limit, 200), run.Get(TelemetryOutput.Stream), cancellationToken), limit);
        run.Terminal.Result(records, console => Print.Rows(
            console, records, "nothing stored for these times",
            ("SENT", r => Print.Time(r.SentAt)), ("DEVICE", r => r.DeviceId), ("TOPIC", r => r.Topic), ("PAYLOAD", r => r.Payload.GetRawText())));
        return ExitCode.Ok;
    }, cancellationToken);
}
