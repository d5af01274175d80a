using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Jose;

namespace IoTPlatform.CertificateAuthority.Tests.StepCa;

/// <summary>The claim <c>allowRenewalAfterExpiry</c>: by whom, and by whom not, a certificate that has ended is renewed.</summary>
public sealed class RenewalAfterExpiryTests : IAsyncLifetime
{
    private readonly Clock _clock = new();
    private CaHost _ca = null!;

    public async Task InitializeAsync() => _ca = await CaHost.StartAsync(time: _clock);

    public async Task DisposeAsync() => await _ca.DisposeAsync();

    [SkippableFact]
    public async Task Certificate_ThatHasEnded_IsRenewedForATokenWhereItsProvisionerSaysSo()
    {
        await ClaimAsync(isAllowed: true);
        using var ended = await EndedAsync("a.test");

        var reply = await RenewAsync(ended);

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var renewed = reply.Certificate;
        renewed.Subject.ShouldBe(ended.Subject);
        renewed.NotAfter.ShouldBeGreaterThan(_clock.GetUtcNow().LocalDateTime);
        using var holder = _ca.Client(ended);
        (await holder.SendAsync("/1.0/renew", "")).Status.ShouldBe(HttpStatusCode.Unauthorized, "over mTLS it is not");
    }

    [SkippableFact]
    public async Task Certificate_ThatHasEnded_IsRefusedOtherwise()
    {
        using var ended = await EndedAsync("a.test");
        (await RenewAsync(ended)).ShouldBeRefused(401, StepCaCalls.Unauthorized);

        await ClaimAsync(isAllowed: true);
        using var client = _ca.Client();
        (await client.RevokeAsync(ended.Serial(), _ca.Token(Shifted(_ca.Claims(ended.Serial(), "revoke"))))).Status.ShouldBe(HttpStatusCode.OK);
        (await RenewAsync(ended)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    /// <summary>No one-time token bought it: the feature that owns it has its own grace, or none.</summary>
    [SkippableFact]
    public async Task Certificate_OfTheHostThatHasEnded_IsRefused()
    {
        await ClaimAsync(isAllowed: true);
        var service = _ca.Module.ServiceCertificate.Current;
        _clock.Ahead = TimeSpan.FromDays(400);

        (await RenewAsync(service)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    private async Task<X509Certificate2> EndedAsync(string name)
    {
        var certificate = await _ca.EnrollAsync(name, ("notAfter", "10m"));
        _clock.Ahead = TimeSpan.FromHours(2);
        return certificate;
    }

    private async Task ClaimAsync(bool isAllowed)
    {
        var definition = JsonNode.Parse(_ca.Module.Provisioners.Stored.Single().Row.Definition)!;
        definition["claims"] = new JsonObject { ["allowRenewalAfterExpiry"] = isAllowed };
        await _ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), (string?)definition["key"]!["kid"], new ProvisionerChange("operator"), default);
        await _ca.Module.Provisioners.ReloadAsync(default);
    }

    private async Task<StepCaReply> RenewAsync(X509Certificate2 certificate)
    {
        var claims = Shifted(_ca.Claims(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), "renew"));
        claims["iss"] = "step-ca-client/1.0";
        using var own = new EcSignatureKey(certificate.GetECDsaPrivateKey()!);
        var header = new Dictionary<string, object> { ["typ"] = "JWT", ["x5cInsecure"] = new[] { Convert.ToBase64String(certificate.RawData) } };
        using var client = _ca.Client();
        return await client.SendAsync("/renew", "", "Bearer " + CompactJws.Sign(header, Encoding.UTF8.GetBytes(claims.ToJsonString()), own));
    }

    private JsonObject Shifted(JsonObject claims)
    {
        foreach (var claim in new[] { "exp", "iat", "nbf" })
        {
            claims[claim] = (long)claims[claim]! + (long)_clock.Ahead.TotalSeconds;
        }

        return claims;
    }

    /// <summary>The authority's, which may be ahead.</summary>
    private sealed class Clock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
