using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Tables from the name in a credential to what goes into its certificate.</summary>
internal static class InventoryCommand
{
    private static readonly Argument<string> Name = new("inventory") { Description = "Name of the inventory." };
    private static readonly Argument<string> Key = new("key") { Description = "Name of the credential, to the letter: a serial number, an e-mail address, a host." };
    private static readonly Argument<string?> OneKey = new("key") { Description = "Name of the credential; without, all of the inventory.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Argument<string> File = new("file") { Description = "CSV (its first column is key), or JSON: a list of {\"key\", \"data\"}." };
    private static readonly Option<bool> Replace = new("--replace") { Description = "Remove every entry that the file does not have." };
    private static readonly Option<string[]> Set = new("--set") { Description = "A member of the data, as text; may be repeated.", HelpName = "name=value" };
    private static readonly Option<string?> Data = new("--data") { Description = "The data as a JSON object.", HelpName = "json" };
    private static readonly Option<string?> OnlyKey = new("--key") { Description = "This entry alone.", HelpName = "key" };
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many entries.", DefaultValueFactory = _ => 200 };

    public static Command Create() => Verb.Group(
        "inventory", "Inventories: by the name in a credential, what goes into its certificate, and who gets one at all (docs/inventories.md).",
        ["iot ca inventory import machines machines.csv", "iot ca provisioner update devices --inventory machines", "iot ca inventory set machines SN-1042 --set line=7"],
        Verb.Create(
            "import", "Add and change entries from a file, all or none; makes the inventory if there is none of this name.",
            ["iot ca inventory import machines machines.csv", "iot ca inventory import machines machines.json --replace", "iot ca inventory import machines machines.csv --tenant"],
            ImportAsync, [Name, File, Replace, .. EitherOptions.All]),
        Verb.Create("list", "List the inventories and the provisioners that have them.", ["iot ca inventory list", "iot ca inventory list --json"], ListAsync, [.. EitherOptions.All]),
        Verb.Create(
            "show", "List the entries of an inventory; --json writes what import reads.",
            ["iot ca inventory show machines", "iot ca inventory show machines --key SN-1042", "iot ca inventory show machines --limit 50000 --json > machines.json"],
            ShowAsync, [Name, OnlyKey, Limit, .. EitherOptions.All]),
        Verb.Create(
            "set", "Add or change one entry. Its data is replaced as a whole.",
            ["iot ca inventory set machines SN-1042 --set line=7 --set workload=pump", """iot ca inventory set people anna@example.com --data '{"groups":["ops"]}'"""],
            SetAsync, [Name, Key, Set, Data, .. EitherOptions.All]),
        Verb.Create(
            "remove", "Remove an entry, whose credential gets no certificate any more and renews none; without a key the whole inventory.",
            ["iot ca inventory remove machines SN-1042", "iot ca inventory remove machines --yes"], RemoveAsync, [Name, OneKey, Confirm.Yes, .. EitherOptions.All]));

    private static Task<int> ImportAsync(Run run, CancellationToken cancellationToken)
    {
        var file = run.Get(File);
        var bytes = ProvisionerFlags.Read(file);
        return Connect.ToEitherAsync(run, async server =>
        {
            Show(run, run.Get(Name), await server.ImportInventoryAsync(run.Get(Name), bytes, file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase), run.Get(Replace), cancellationToken));
            return ExitCode.Ok;
        }, cancellationToken);
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var inventories = (await server.ListInventoriesAsync(cancellationToken)).Items;
        run.Terminal.Result(inventories, console => Print.Rows(
            console, inventories, "no inventories",
            ("NAME", i => i.Name), ("ENTRIES", i => i.Entries.ToString(CultureInfo.InvariantCulture)), ("CHANGED", i => Print.Time(i.ChangedAt)), ("PROVISIONERS", i => string.Join(", ", i.Provisioners))));
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> ShowAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var limit = run.Get(Limit);
        var entries = await Pages.CollectAsync(cursor => server.ListInventoryEntriesAsync(run.Get(Name), run.Get(OnlyKey), cursor, Math.Clamp(limit, 1, 500), cancellationToken), limit);
        run.Terminal.Result(entries, console => Print.Rows(console, entries, "no entries", ("KEY", e => e.Key), ("DATA", e => e.Data.GetRawText())));
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> SetAsync(Run run, CancellationToken cancellationToken)
    {
        var entry = new JsonObject { ["key"] = run.Get(Key), ["data"] = DataOf(run) };
        return Connect.ToEitherAsync(run, async server =>
        {
            Show(run, run.Get(Name), await server.ImportInventoryAsync(run.Get(Name), Encoding.UTF8.GetBytes(new JsonArray(entry).ToJsonString()), isCsv: false, cancellationToken: cancellationToken));
            return ExitCode.Ok;
        }, cancellationToken);
    }

    private static Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        var (name, key) = (run.Get(Name), run.Find(OneKey));
        if (key is null)
        {
            Confirm.Ask(run, $"Remove the inventory {name} with all its entries?");
        }

        return Connect.ToEitherAsync(run, async server =>
        {
            await (key is null ? server.RemoveInventoryAsync(name, cancellationToken) : server.RemoveInventoryEntryAsync(name, key, cancellationToken));
            run.Terminal.Result(new { Inventory = name, Key = key, Status = "removed" }, console => console.MarkupLineInterpolated($"[green]removed[/] {key ?? name}"));
            return ExitCode.Ok;
        }, cancellationToken);
    }

    private static JsonObject DataOf(Run run)
    {
        try
        {
            var data = run.Get(Data) is { } json ? JsonNode.Parse(json) as JsonObject ?? throw CliException.Usage("--data is no JSON object") : [];
            foreach (var member in run.Get(Set) ?? [])
            {
                var at = member.IndexOf('=', StringComparison.Ordinal);
                data[at > 0 ? member[..at] : throw CliException.Usage($"--set takes name=value, not {member}")] = member[(at + 1)..];
            }

            return data;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw CliException.Usage("--data is no JSON, or has a member twice");
        }
    }

    private static void Show(Run run, string name, InventoryChange change) => run.Terminal.Result(
        change,
        console => console.MarkupLineInterpolated(CultureInfo.InvariantCulture, $"[green]{name}[/] {change.Entries} entries: {change.Added} added, {change.Changed} changed, {change.Removed} removed"));
}
