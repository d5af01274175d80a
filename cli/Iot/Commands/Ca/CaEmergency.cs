using System.CommandLine;
using System.Globalization;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>What is in other hands is revoked in one act: first what it will hit, then a question, then what is done and who still trusts it until when.</summary>
internal static class CaEmergency
{
    /// <summary>A look at the Intermediate CA that signs now.</summary>
    private const string Intermediate = "intermediate";
    private static readonly Argument<string> Kind = new("kind") { Description = "key, profile, issuer; at a tenant device, batch, device-type; at the provider bridge, sub-ca, intermediate." };
    private static readonly Argument<string> Target = new("target")
    {
        Description = "key: a certificate's serial, or the SHA-256 of the SubjectPublicKeyInfo; profile: leaf, service or mqtt-bridge; issuer: its name; device: its id; batch: the id of the enrolment token; "
            + "device-type: the type; bridge, sub-ca: the tenant's id; intermediate: none.",
        Arity = ArgumentArity.ZeroOrOne,
        DefaultValueFactory = _ => "",
    };
    private static readonly Option<bool> Preview = new("--preview") { Description = "Only show what it would hit, or has hit." };
    private static readonly Option<int?> Code = CreateCode();

    public static Command Create() => Verb.Create(
        "emergency", "Revoke in one act all that hangs on something in other hands; shows first what it hits. 'key' never gets a certificate again, 'sub-ca' makes the tenant take another key by itself.",
        [
            "iot ca emergency sub-ca acme --reason \"backup stolen\"", "iot ca emergency key 310927411839122 --tenant", "iot ca emergency batch 0198f3c2-7d1e-7a55-9b0e-5d1f3a2b4c6d --tenant",
            "iot ca emergency device-type pump-v1 --tenant --preview", "iot ca emergency intermediate",
        ],
        RunAsync, [Kind, Target, RevocationOptions.Reason, Code, Preview, Confirm.Yes, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var kind = run.Get(Kind);
        var target = run.Get(Target) is { Length: > 0 } given ? given : kind == Intermediate ? "now" : throw CliException.Usage("an emergency is about something: give its target");
        var plan = await server.PreviewEmergencyAsync(kind, target, cancellationToken);
        if (run.Get(Preview) || kind == Intermediate)
        {
            run.Terminal.Result(plan, console => Show(console, plan));
            return ExitCode.Ok;
        }

        Show(run.Terminal.Remarks, plan);
        Confirm.Ask(run, $"Revoke {plan.Certificates.ToString(CultureInfo.InvariantCulture)} certificates? This cannot be undone.");
        var done = await server.RunEmergencyAsync(
            kind, plan.Target, new EmergencyRequest { ReasonCode = run.Get(Code), Reason = run.Get(RevocationOptions.Reason), Expected = plan.Certificates }, cancellationToken);
        run.Terminal.Result(done, console =>
        {
            console.MarkupLineInterpolated($"[green]done[/] {done.Revoked} certificates are revoked, {done.Certificates} are left");
            ShowTrust(console, done);
        });
        return ExitCode.Ok;
    }, cancellationToken);

    private static void Show(IAnsiConsole console, EmergencyView view)
    {
        Print.Facts(
            console, ("emergency", $"{view.Kind} {view.Target}"), ("hits", Counts(view, p => p.Certificates)), ("revoked", view.Revoked == 0 ? null : Counts(view, p => p.Revoked)),
            ("of", Names(view)), ("revoked at", Print.Time(view.RevokedAt)), ("what follows", string.Join('\n', view.Consequences)));
        ShowTrust(console, view);
    }

    private static void ShowTrust(IAnsiConsole console, EmergencyView view) => Print.Rows(
        console, view.StillTrusted, "nobody trusts any of them", ("STILL TRUSTED BY", t => t.Who), ("UNTIL", t => Print.Time(t.Until)));

    private static string Counts(EmergencyView view, Func<EmergencyCount, int> count) =>
        string.Join(", ", view.Profiles.Where(p => count(p) > 0).Select(p => string.Create(CultureInfo.InvariantCulture, $"{count(p)} {p.Profile}"))) is { Length: > 0 } counts ? counts : "no certificate in date";

    private static string? Names(EmergencyView view)
    {
        const int Shown = 10;
        return view.SubjectCount == 0
            ? null
            : string.Join(", ", view.Subjects.Take(Shown)) + (view.SubjectCount > Shown ? string.Create(CultureInfo.InvariantCulture, $" and {view.SubjectCount - Shown} more (--json: the first hundred)") : "");
    }

    private static Option<int?> CreateCode()
    {
        var code = new Option<int?>("--reason-code") { Description = "CRLReason (RFC 5280 5.3.1); without it 1, key compromise, or 2 for a CA.", HelpName = "0-10" };
        code.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is { } value && value is < 0 or > 10 or 6 or 7 or 8)
            {
                result.AddError("--reason-code is 0 to 10 without 6, 7 and 8 (RFC 5280 5.3.1): an emergency is final");
            }
        });
        return code;
    }
}
