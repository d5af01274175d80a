using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Revoking a Sub-CA suspends its tenant, so the operator confirms by the tenant's name, which the server requires, too.</summary>
internal static class CaRevoke
{
    private const string SubCaProfile = "tenant-sub-ca";
    private static readonly Argument<string> Serial = new("serial") { Description = "Decimal or hex, as 'iot ca list' prints it." };
    private static readonly Option<string?> TenantId = new("--tenant-id") { Description = "With --yes, for a tenant's Sub-CA: the tenant's id, to confirm that it is meant to be suspended.", HelpName = "id" };

    private static readonly Option<DateTimeOffset?> InvalidSince = new("--invalid-since") { Description = "Since when the key is known or thought to be in other hands: the lists say so (invalidityDate).", HelpName = "time" };

    public static Command Create() => Verb.Create(
        "revoke", "Revoke one certificate. Revoking a tenant's Sub-CA also suspends the tenant, and asks first; the root can't be revoked, the intermediate is replaced: 'iot ca emergency intermediate'. To shut a whole device out use 'iot devices revoke', a whole tenant 'iot tenants remove'.",
        ["iot ca revoke 310927411839122 --tenant --reason \"key leaked\" --reason-code 1 --invalid-since 2026-03-01T08:00Z", "iot ca revoke 0x5a1fbb02 --yes --tenant-id acme --reason \"machine stolen\" --reason-code 1"],
        RunAsync, [Serial, RevocationOptions.Reason, RevocationOptions.Code, InvalidSince, TenantId, Confirm.Yes, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var serial = run.Get(Serial);
        var certificate = await server.GetCertificateAsync(serial, cancellationToken);
        var tenant = certificate.Summary is { Profile: SubCaProfile, RevokedAt: null } subCa ? ConfirmedTenant(run, subCa) : null;
        await server.RevokeCertificateAsync(serial, RevocationOptions.Of(run) with { TenantId = tenant, InvalidSince = run.Get(InvalidSince) }, cancellationToken);
        run.Terminal.Result(new { certificate.Summary.Serial, certificate.Summary.SerialHex, Status = "revoked", SuspendedTenant = tenant }, console =>
        {
            console.MarkupLineInterpolated($"[green]revoked[/] {SerialText.Both(certificate.Summary.Serial)}");
            if (tenant is not null)
            {
                console.MarkupLineInterpolated($"tenant {tenant} is suspended: its broker access, its calls and its proofs are refused. Next: iot tenants show {tenant}; docs/operations.md says how it comes back");
            }
        });
        return ExitCode.Ok;
    }, cancellationToken);

    private static string ConfirmedTenant(Run run, CertificateSummary subCa)
    {
        Print.Facts(
            run.Terminal.Remarks, ("Sub-CA", subCa.Subject), ("serial", SerialText.Both(subCa.Serial)), ("valid until", Print.Time(subCa.NotAfter)),
            ("what follows", "the tenant is suspended at once, and no device certificate of this Sub-CA is good any more"));
        if (run.Get(Confirm.Yes))
        {
            return run.Get(TenantId) ?? throw CliException.Usage("this is a tenant's Sub-CA: with --yes give --tenant-id, too");
        }

        return Confirm.AskForName(run, "Type the tenant's id to revoke its Sub-CA:", "--yes and --tenant-id");
    }
}
