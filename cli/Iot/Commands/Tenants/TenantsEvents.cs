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
        var events = await Pages.CollectAsync(cursor => provider.ListTenantEventsAsync(run.Get(TenantArguments.Id), cursor, cancellationToken: cancellationToken), run.Get(Limit)).ConfigureAwait(false);
        run.Terminal.Result(events, console => Print.Rows(
            console, events, "no events yet",
            ("AT", e => Print.Time(e.OccurredAt)), ("EVENT", e => e.Type), ("BY", e => e.By), ("DETAILS", e => e.Event.GetRawText())));
        return ExitCode.Ok;
    }, cancellationToken);
}
