using System.CommandLine;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Takes the place of a step-ca: its provisioners, its issuer, what that has issued and revoked, and its ACME accounts. Its clients keep names, keys, passwords, accounts, and the root that their certificates are of.</summary>
internal static class CaImport
{
    private static readonly Argument<string> Source = new("ca.json") { Description = "Configuration of a step-ca." };
    private static readonly Option<bool> Replace = new("--replace") { Description = "Also provisioners whose names are taken here." };
    private static readonly Option<bool> Issue = new("--issue") { Description = "The issuer signs what is new for the provisioners, too: their tokens go on buying certificates under step-ca's root. Needs its key." };
    private static readonly Option<bool> Admins = new("--admins") { Description = "Also make the admins of step-ca's remote management admins here: they change this authority's provisioners with their certificates (docs/admin-api.md)." };
    private static readonly Option<bool> OnlyProvisioners = new("--only-provisioners") { Description = "Provisioners, and with --admins admins: neither the issuer, nor certificates, nor ACME accounts." };
    private static readonly Option<string?> KeyPassword = new("--key-password-file") { Description = "File with the password of the issuer's key in its first line, '-' for stdin; without, ca.json's, or it is asked for.", HelpName = "file" };

    public static Command Create() => Verb.Create(
        "import", "Take the place of a step-ca that has been stopped: its provisioners (of ca.json or of remote management) with their keys, claims, policies and templates, its issuer, and the certificates, revocations and ACME accounts in its database. What can't be taken over is told, with the reason; the rest is. Again, it goes on where it broke off.",
        ["iot ca import ~/.step/config/ca.json --issue", "iot ca import ca.json --key-password-file password.txt --tenant", "iot ca import ca.json --only-provisioners --replace", "iot ca import ca.json --admins"],
        RunAsync, [Source, Issue, Replace, OnlyProvisioners, Admins, KeyPassword, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var configuration = ProvisionerDefinitions.Parse(run.Get(Source));
        var authority = configuration["authority"] as JsonObject ?? throw CliException.Usage("the file has no \"authority\": it is no ca.json");
        var definitions = (authority["provisioners"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        var isManaged = StepCaAdministration.IsOf(authority);
        if (definitions.Count == 0 && run.Get(OnlyProvisioners) && !isManaged)
        {
            throw CliException.Usage("the file has no provisioners");
        }

        if (run.Get(Issue) && run.Get(OnlyProvisioners))
        {
            throw CliException.Usage("--issue takes the issuer, and --only-provisioners leaves it out");
        }

        return Connect.ToEitherAsync(run, async server =>
        {
            var issuer = run.Get(OnlyProvisioners) ? null : await ImportIssuerAsync(run, server, configuration, cancellationToken);
            var provisioners = new ProvisionerImport(server, run.Get(Source), run.Get(Replace), run.Get(Issue) ? issuer?.View?.Issuer : null);
            // Without their issuer they would sign under another root, which is not what was asked for.
            if (!run.Get(Issue) || issuer?.View is not null)
            {
                await (isManaged
                    ? provisioners.RunManagedAsync(configuration, definitions, run.Get(Admins), cancellationToken)
                    : provisioners.RunAsync(definitions, authority, cancellationToken));
            }

            var outcomes = provisioners.Outcomes.ToList();
            if (issuer is not null)
            {
                outcomes.Add(issuer.Outcome);
            }

            // Whose certificates they are is to be known first: those of a provisioner that comes later are not renewed.
            if (issuer?.View is { } view)
            {
                outcomes.AddRange(await ImportIssuedAsync(run, server, configuration, view, provisioners.Acme, cancellationToken));
            }

            run.Terminal.Result(outcomes, console => Print.Rows(console, outcomes, "nothing", ("NAME", o => o.Name), ("TYPE", o => o.Type), ("OUTCOME", o => o.Status), ("REASON", o => o.Reason ?? "")));
            return outcomes.TrueForAll(outcome => outcome.Reason is null) ? ExitCode.Ok : ExitCode.Failed;
        }, cancellationToken);
    }

    private static async Task<TakenIssuer> ImportIssuerAsync(Run run, PlatformClient server, JsonObject configuration, CancellationToken cancellationToken)
    {
        var folder = TemplateFlags.FolderOf(run.Get(Source));
        try
        {
            var password = run.Get(KeyPassword) is { } file ? Credentials.Read(file)
                : StepCaIssuer.NeedsPassword(configuration, folder) ? Credentials.Ask(run, "Password of step-ca's issuer key:", "--key-password-file, or --only-provisioners")
                : null;
            var before = (await server.ListImportedIssuersAsync(cancellationToken)).Items.Select(known => known.Id).ToHashSet(StringComparer.Ordinal);
            var issuer = await server.ImportIssuerAsync(StepCaIssuer.Read(configuration, folder, password, run.Get(Issue)), cancellationToken);
            return new TakenIssuer(issuer, new ImportOutcome(issuer.Name, "issuer", before.Contains(issuer.Id) ? "was here" : issuer.HasKey ? "added" : "added without its key (in no file, or no EC key): the platform's issuer renews", Reason: null));
        }
        catch (CliException e) when (e.Code is "no_file" or "step_ca_database" or "no_password")
        {
            return new TakenIssuer(View: null, new ImportOutcome("issuer", "step-ca", "left out", e.Message));
        }
        catch (ApiException e) when (e.Status is >= 400 and < 500 and not (401 or 403))
        {
            return new TakenIssuer(View: null, new ImportOutcome("issuer", "step-ca", "left out", e.Message));
        }
    }

    private static async Task<IReadOnlyList<ImportOutcome>> ImportIssuedAsync(
        Run run, PlatformClient server, JsonObject configuration, ImportedIssuerView issuer, AcmeProvisioners provisioners, CancellationToken cancellationToken)
    {
        var (outcomes, name) = (new List<ImportOutcome>(), "certificates");
        try
        {
            await using var tables = await StepCaDatabase.OpenAsync(configuration, TemplateFlags.FolderOf(run.Get(Source)), cancellationToken);
            var certificates = new StepCaCertificates(server, tables, issuer.Id, remark => run.Terminal.Remarks.MarkupLineInterpolated($"[dim]{remark}[/]"));
            await certificates.RunAsync(cancellationToken);
            var type = configuration["db"]!["type"]!.ToString();
            outcomes.Add(new ImportOutcome(name, type, certificates.Summary, LeftOut(certificates.Left)));
            name = "ACME accounts";
            var accounts = new StepCaAccounts(server, tables, provisioners);
            await accounts.RunAsync(cancellationToken);
            if (accounts.HasAny)
            {
                outcomes.Add(new ImportOutcome(name, type, accounts.Summary, LeftOut(accounts.Left)));
            }
        }
        catch (CliException e) when (e.Code is "no_file" or "step_ca_database" or "no_password")
        {
            outcomes.Add(new ImportOutcome(name, "step-ca", "left out", e.Message));
        }
        catch (ApiException e) when (e.Status is >= 400 and < 500 and not (401 or 403))
        {
            outcomes.Add(new ImportOutcome(name, "step-ca", "left out", e.Message));
        }

        return outcomes;
    }

    private static string? LeftOut(string? left) => left is null ? null : $"left out: {left}";

    /// <param name="View">Null: it could not be taken.</param>
    private sealed record TakenIssuer(ImportedIssuerView? View, ImportOutcome Outcome);
}
