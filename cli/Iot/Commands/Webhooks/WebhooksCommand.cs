using System.CommandLine;
using System.Globalization;
using IoTPlatform.Contracts.Events;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>HTTPS destinations that are told what happens.</summary>
internal static class WebhooksCommand
{
    private static readonly Argument<string> Name = new("name") { Description = "Of the destination." };
    private static readonly Argument<string> Url = new("url") { Description = "https address that events are posted to." };
    private static readonly Option<string[]> Types = new("--type") { Description = "Type of events, such as certificate.issued; may be repeated. Without: every event.", HelpName = "type" };
    private static readonly Option<Guid?> Event = new("--event") { Description = "This event alone.", HelpName = "id" };

    public static Command Create() => Verb.Group(
        "webhooks", "Destinations that are told events of the provider, or with --tenant of a tenant, over HTTPS (docs/webhooks.md).",
        ["iot webhooks add billing https://billing.example/events --type tenant.joined", "iot webhooks list"],
        Verb.Create(
            "add", "Add a destination, or change the one of that name. Its secret, by which it knows that events are from here, is shown now and never again.",
            ["iot webhooks add billing https://billing.example/events --type tenant.joined --type tenant.removed", "iot webhooks add alerts https://alerts.example/hook --type certificate.expiring --tenant"],
            AddAsync, [Name, Url, Types, .. EitherOptions.All]),
        Verb.Create("list", "List the destinations, how far each has been told, and what keeps it.", ["iot webhooks list", "iot webhooks list --json"], ListAsync, [.. EitherOptions.All]),
        Verb.Create("test", "Send one event of the type webhook.test now.", ["iot webhooks test billing"], TestAsync, [Name, .. EitherOptions.All]),
        Verb.Create("dead-letters", "List the events that a destination did not take.", ["iot webhooks dead-letters billing", "iot webhooks dead-letters billing --json"], DeadLettersAsync, [Name, .. EitherOptions.All]),
        Verb.Create(
            "redeliver", "Deliver dead letters again, under their ids.", ["iot webhooks redeliver billing", "iot webhooks redeliver billing --event 5f0c0a3e-8f5d-4c1e-9a70-3d8d6f2b1c44"],
            RedeliverAsync, [Name, Event, .. EitherOptions.All]),
        Verb.Create("remove", "Remove a destination with its dead letters.", ["iot webhooks remove billing --yes"], RemoveAsync, [Name, Confirm.Yes, .. EitherOptions.All]));

    private static Task<int> AddAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var saved = await server.SaveEventWebhookAsync(run.Get(Name), new SaveEventWebhookRequest { Url = run.Get(Url), Types = run.Get(Types) }, cancellationToken);
        run.Terminal.Result(saved, console =>
        {
            console.WriteLine($"WEBHOOK         {saved.Name}");
            console.WriteLine($"WEBHOOK SECRET  {saved.Secret ?? "as before"}");
        });
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var webhooks = (await server.ListEventWebhooksAsync(cancellationToken)).Items;
        run.Terminal.Result(webhooks, console => Print.Rows(
            console, webhooks, "no event webhooks",
            ("NAME", w => w.Name), ("URL", w => w.Url), ("EVENTS", w => w.Types.Count == 0 ? "all" : string.Join(", ", w.Types)), ("DELIVERED", w => w.DeliveredAt is { } at ? Print.Time(at) : ""),
            ("DEAD LETTERS", w => w.DeadLetters.ToString(CultureInfo.InvariantCulture)), ("NEXT ATTEMPT", w => w.NextAttemptAt is { } at ? Print.Time(at) : ""), ("LAST ERROR", w => w.LastError ?? "")));
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> TestAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var test = await server.TestEventWebhookAsync(run.Get(Name), cancellationToken);
        run.Terminal.Result(test, console => console.MarkupLineInterpolated($"{(test.Delivered ? "delivered" : "not delivered: " + test.Reason)}"));
        return test.Delivered ? ExitCode.Ok : ExitCode.Failed;
    }, cancellationToken);

    private static Task<int> DeadLettersAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var letters = (await server.ListDeadLettersAsync(run.Get(Name), cancellationToken)).Items;
        run.Terminal.Result(letters, console => Print.Rows(
            console, letters, "no dead letters", ("EVENT", l => l.EventId.ToString()), ("TYPE", l => l.Type), ("FAILED", l => Print.Time(l.FailedAt)), ("REASON", l => l.Reason ?? ""), ("", l => l.Due ? "due" : "")));
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> RedeliverAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var again = await server.RedeliverAsync(run.Get(Name), new RedeliverRequest { EventId = run.Get(Event) }, cancellationToken);
        run.Terminal.Result(again, console => console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"{again.Events} events are delivered again"));
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        Confirm.Ask(run, $"Remove the event webhook {run.Get(Name)}?");
        return Connect.ToEitherAsync(run, async server =>
        {
            await server.RemoveEventWebhookAsync(run.Get(Name), cancellationToken);
            run.Terminal.Result(new { Name = run.Get(Name), Status = "removed" }, console => console.MarkupLineInterpolated($"[green]removed[/] {run.Get(Name)}"));
            return ExitCode.Ok;
        }, cancellationToken);
    }
}
