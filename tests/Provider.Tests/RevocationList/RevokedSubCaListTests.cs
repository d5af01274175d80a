using System.Net;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.RevocationList;

/// <summary>The list of revoked Sub-CAs for clients (RFC 5280 5).</summary>
public sealed class RevokedSubCaListTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task List_RevokedSubCa_IsInIt_AndOthersAreNot()
    {
        using var revoked = new TestTenant();
        using var other = new TestTenant();
        var bad = Pki.Files.Pem.ParseCertificate((await _provider.ActivateAsync("listed", revoked)).SignedCert);
        var good = Pki.Files.Pem.ParseCertificate((await _provider.ActivateAsync("not-listed", other)).SignedCert);
        var before = await GetAsync();

        await RevokeAsync(bad.SerialNumberBytes.ToArray(), "listed");
        _provider.Time.Advance(LookAgain);
        var after = await GetAsync();

        before.Contains(ParsedCertificate.Parse(bad.RawData)).ShouldBeFalse();
        after.Contains(ParsedCertificate.Parse(bad.RawData)).ShouldBeTrue();
        after.Contains(ParsedCertificate.Parse(good.RawData)).ShouldBeFalse();
        after.Number.ShouldBeGreaterThan(before.Number);
        after.IsSignedBy(ParsedCertificate.Parse(_provider.Authority.Chain.Issuer.RawData)).ShouldBeTrue();
        after.IsSignedBy(ParsedCertificate.Parse(_provider.Root.RawData)).ShouldBeFalse();
    }

    /// <summary>Also where every other verifier looks: lists and OCSP are made of what the ledger has.</summary>
    [SkippableTheory]
    [InlineData(1, true)]
    [InlineData(4, false)]
    public async Task List_AnotherCertificateOfTheKey_IsInItWhereTheKeyIsNotTrusted(int reason, bool listed)
    {
        var tenantId = $"same-key-{reason}";
        using var tenant = new TestTenant();
        var first = Pki.Files.Pem.ParseCertificate((await _provider.ActivateAsync(tenantId, tenant)).SignedCert);
        var key = await _provider.ReplaceKeyAsync(tenantId);
        tenant.MakeNewBridgeKey();
        var second = Pki.Files.Pem.ParseCertificate((await _provider.JoinAsync(key, tenant)).SignedCert);

        await _provider.Authority.RevokeAsync(new Revocation { Serial = first.SerialNumberBytes.ToArray(), ReasonCode = (RevocationReason)reason, By = "test" }, CancellationToken.None);
        _provider.Time.Advance(LookAgain);

        var list = await GetAsync();
        list.Contains(ParsedCertificate.Parse(first.RawData)).ShouldBeTrue();
        list.Contains(ParsedCertificate.Parse(second.RawData)).ShouldBe(listed);
        (await _provider.Authority.FindAsync(second.SerialNumberBytes.ToArray(), CancellationToken.None))!.IsRevoked.ShouldBe(listed);
    }

    [SkippableFact]
    public async Task List_NothingNew_IsTheSame_UntilADayHasPassed()
    {
        var first = await GetAsync();
        _provider.Time.Leap(TimeSpan.FromHours(23));
        var same = await GetAsync();
        await _provider.StopAsync();
        await _provider.StartAgainAsync();
        var afterRestart = await GetAsync();
        _provider.Time.Leap(TimeSpan.FromHours(2));
        var next = await GetAsync();

        same.Der.ToArray().ShouldBe(first.Der.ToArray());
        afterRestart.Der.ToArray().ShouldBe(first.Der.ToArray());
        next.Number.ShouldBeGreaterThan(first.Number);
        (next.NextUpdate - next.ThisUpdate).ShouldBe(TimeSpan.FromDays(14));
    }

    [SkippableFact]
    public async Task List_ManyAskAtOnce_GetOneList()
    {
        _provider.Time.Leap(TimeSpan.FromDays(2));

        var lists = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => GetAsync()));

        lists.Select(list => list.Number).Distinct().ShouldHaveSingleItem();
    }

    private async Task RevokeAsync(byte[] serial, string tenantId) =>
        (await (await _provider.AdminAsync()).PostJsonAsync($"portal/certificates/{SerialNumber.ToDecimal(serial)}/revoke", $$"""{"reason_code":1,"tenant_id":"{{tenantId}}"}""")).Status.ShouldBe(HttpStatusCode.NoContent);

    private async Task<RevokedSubCas> GetAsync()
    {
        var answer = await _provider.Anonymous().GetBytesAsync("crl/sub-cas");
        return RevokedSubCas.Parse(answer);
    }
}
