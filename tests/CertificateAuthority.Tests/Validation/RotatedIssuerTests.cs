using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.Pki;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace IoTPlatform.CertificateAuthority.Tests.Validation;

/// <summary>A certificate that was revoked, and its issuer rotated away: its list and OCSP go on under the former issuer's key.</summary>
public sealed class RotatedIssuerTests(ValidationHost host) : IClassFixture<ValidationHost>
{
    [SkippableFact]
    public async Task Ask_RevokedBeforeAndAfterTheRotation_BothAreRevoked()
    {
        using var before = await host.Tenant.EnrollAsync("before.test");
        using var after = await host.Tenant.EnrollAsync("after.test");
        using var good = await host.Tenant.EnrollAsync("good.test");
        var (former, trust) = (host.IssuerPem(host.Tenant), host.Trust(host.Tenant));
        var formerId = Convert.ToHexStringLower(host.Tenant.Authority.Active.Active.KeyId);
        await ValidationHost.RevokeAsync(host.Tenant, before.SerialNumberBytes.ToArray());

        await RotateAsync();
        await ValidationHost.RevokeAsync(host.Tenant, after.SerialNumberBytes.ToArray());

        foreach (var (certificate, status) in new[] { (before, "revoked"), (after, "revoked"), (good, "good") })
        {
            var file = host.Pem(certificate);
            var answer = await Tools.RunAsync(
                Requires.Tool("openssl"), ["ocsp", "-issuer", former, "-cert", file, "-CAfile", trust, "-url", host.Tenant.Module.Options.Validation!.Ocsp.AbsoluteUri]);
            (answer.Output + answer.Error).ShouldContain("Response verify OK");
            (answer.Output + answer.Error).ShouldContain($"{file}: {status}");
        }

        using var lists = new RevocationLists(host.Tenant.Authority, host.Tenant.Database.DataSource, TimeProvider.System, NullLogger<RevocationLists>.Instance);
        var list = host.Write("former.crl", (await lists.FindAsync(formerId, shard: null, default))!.Der);
        var text = (await Tools.RunAsync(Requires.Tool("openssl"), ["crl", "-inform", "DER", "-in", list, "-noout", "-text", "-CAfile", trust])).EnsureSuccess();
        (text.Output + text.Error).ShouldContain("verify OK");
        text.Output.ShouldContain(before.SerialNumber.TrimStart('0'));
        text.Output.ShouldContain(after.SerialNumber.TrimStart('0'));
        var now = (await lists.ActiveAsync(default)).Der;
        now.AsSpan().IndexOf(before.SerialNumberBytes.Span).ShouldBe(-1, "each issuer answers for its own");
    }

    private async Task RotateAsync()
    {
        var subCa = new SubCa(host.Tenant.Folder, host.Tenant.Passwords, TimeProvider.System);
        using var next = subCa.EnsureNextKey();
        var issued = await SubCaHost.SignAsync(host.Ca, next.CreateCsrPem(new SubjectNames { CommonName = "acme Sub-CA" }));
        subCa.Install(issued.Pem, issued.ChainPem, host.Ca.RootFingerprint);
        host.Tenant.Authority.UseIssuers(subCa.Load());
    }
}
