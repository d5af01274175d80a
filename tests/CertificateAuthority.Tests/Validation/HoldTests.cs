using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests.Validation;

/// <summary>What is on hold is revoked until it is released (RFC 5280 5.3.1), in the list and in OCSP alike; everything else is final.</summary>
[Collection(nameof(SharedValidationHost))]
public sealed class HoldTests(ValidationHost host)
{
    [SkippableFact]
    public async Task HoldAndRelease_ListAndOcsp_HaveItAndThenNotAnyMore()
    {
        using var certificate = await host.Ca.EnrollAsync("held.test");
        var file = host.Pem(certificate);

        await HoldAsync(certificate);

        var held = await ListAsync();
        (await TextAsync(held)).ShouldContain("Certificate Hold");
        (await host.AskOcspAsync(host.Ca, file)).ShouldContain("Reason: certificateHold");

        (await ReleaseAsync(certificate)).ShouldBe(ReleaseOutcome.Released);

        var released = await ListAsync();
        (await TextAsync(released)).ShouldNotContain(certificate.SerialNumber.TrimStart('0'));
        released.Number.ShouldBeGreaterThan(held.Number);
        (await host.AskOcspAsync(host.Ca, file)).ShouldContain($"{file}: good");
    }

    /// <summary>The number of revocations is what it was before: the list is another one all the same.</summary>
    [SkippableFact]
    public async Task List_AReleaseAndARevocationSince_HasBoth()
    {
        using var held = await host.Ca.EnrollAsync("one.test");
        using var other = await host.Ca.EnrollAsync("other.test");
        await HoldAsync(held);
        await ListAsync();

        await ReleaseAsync(held);
        await ValidationHost.RevokeAsync(host.Ca, other.SerialNumberBytes.ToArray());

        var text = await TextAsync(await ListAsync());
        text.ShouldNotContain(held.SerialNumber.TrimStart('0'));
        text.ShouldContain(other.SerialNumber.TrimStart('0'));
    }

    /// <summary>X.509 9.5.3.1: the date of the hold stays.</summary>
    [SkippableFact]
    public async Task Revoke_OnHold_IsFinalSinceTheHold()
    {
        using var certificate = await host.Ca.EnrollAsync("final.test");
        var serial = certificate.SerialNumberBytes.ToArray();
        await HoldAsync(certificate);
        var since = (await host.Ca.Authority.FindAsync(serial, default))!.RevokedAt;
        (await HoldAsync(certificate)).ShouldBe(RevocationOutcome.AlreadyRevoked);

        (await ValidationHost.RevokeAsync(host.Ca, serial)).ShouldBe(RevocationOutcome.Revoked);

        var record = (await host.Ca.Authority.FindAsync(serial, default))!;
        (record.RevokedAt, record.ReasonCode).ShouldBe((since, RevocationReason.KeyCompromise));
        (await ReleaseAsync(certificate)).ShouldBe(ReleaseOutcome.NotOnHold);
        (await HoldAsync(certificate)).ShouldBe(RevocationOutcome.AlreadyRevoked);
    }

    [SkippableFact]
    public async Task Release_GoodOrNeverIssued_ChangesNothing()
    {
        using var certificate = await host.Ca.EnrollAsync("good.test");

        (await ReleaseAsync(certificate)).ShouldBe(ReleaseOutcome.NotOnHold);
        (await host.Ca.Authority.ReleaseAsync(new Release { Serial = [1, 2, 3], By = "admin" }, default)).ShouldBe(ReleaseOutcome.Unknown);
    }

    /// <summary>Both ways at once, of which a shared row's order decides: never both a revocation and a release.</summary>
    [SkippableFact]
    public async Task RevokeAndRelease_AtOnce_EndInOneState()
    {
        for (var round = 0; round < 5; round++)
        {
            using var certificate = await host.Ca.EnrollAsync("race.test");
            await HoldAsync(certificate);

            var revoking = ValidationHost.RevokeAsync(host.Ca, certificate.SerialNumberBytes.ToArray());
            var releasing = ReleaseAsync(certificate);

            (await revoking).ShouldBe(RevocationOutcome.Revoked);
            await releasing;
            (await host.Ca.Authority.FindAsync(certificate.SerialNumberBytes.ToArray(), default))!.ReasonCode.ShouldBe(RevocationReason.KeyCompromise);
        }
    }

    private Task<RevocationOutcome> HoldAsync(X509Certificate2 certificate) =>
        ValidationHost.RevokeAsync(host.Ca, certificate.SerialNumberBytes.ToArray(), RevocationReason.CertificateHold);

    private Task<ReleaseOutcome> ReleaseAsync(X509Certificate2 certificate) =>
        host.Ca.Authority.ReleaseAsync(new Release { Serial = certificate.SerialNumberBytes.ToArray(), By = "admin" }, default);

    /// <summary>As another process of the stack gives it, which remembers no answer.</summary>
    private async Task<RevocationList> ListAsync()
    {
        using var lists = new RevocationLists(host.Ca.Authority, host.Ca.Database.DataSource, TimeProvider.System, NullLogger<RevocationLists>.Instance);
        return await lists.ActiveAsync(default);
    }

    private async Task<string> TextAsync(RevocationList list)
    {
        var file = host.Write(Guid.NewGuid().ToString("N") + ".crl", list.Der);
        return (await Tools.RunAsync(Requires.Tool("openssl"), ["crl", "-inform", "DER", "-in", file, "-noout", "-text"])).EnsureSuccess().Output;
    }
}
