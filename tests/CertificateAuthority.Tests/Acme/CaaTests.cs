using System.Net;
using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority.Acme;

namespace IoTPlatform.CertificateAuthority.Tests.Acme;

/// <summary>What the owners of names say about who may certify them (RFC 8659, 8657).</summary>
public sealed class CaaTests(AcmeHost fixture) : IClassFixture<AcmeHost>
{
    private const string Account = "https://ca.test/acme/acme/account/one";
    private const string Provisioner = "caa";

    [Theory]
    [InlineData(true, "0 issue ca.test")]
    [InlineData(true, "0 issue  CA.test ;")]
    [InlineData(true, "0 issue other.test", "0 issue ca.test")]
    [InlineData(true, "0 iodef mailto:ops@iot.example")]
    [InlineData(true, "128 issue ca.test")]
    [InlineData(true, "0 future anything")]
    [InlineData(true, "0 issue ca.test; policy=ev")]
    [InlineData(true, "0 issue ca.test; accounturi=" + Account)]
    [InlineData(true, "0 issue ca.test; validationmethods=dns-01,http-01")]
    [InlineData(true, "0 issue ca.test; accounturi=" + Account + "; validationmethods=http-01")]
    [InlineData(true, "0 ISSUE ca.test")]
    [InlineData(true, "0 issuewild ;")]
    [InlineData(false, "0 issue ;")]
    [InlineData(false, "0 issue ")]
    [InlineData(false, "0 issue other.test")]
    [InlineData(false, "0 issue ca.test.evil.test")]
    [InlineData(false, "128 future anything", "0 issue ca.test")]
    [InlineData(false, "0 issue ca.test; accounturi=https://ca.test/acme/acme/account/two")]
    [InlineData(false, "0 issue ca.test; accounturi=" + Account + "; accounturi=" + Account)]
    [InlineData(false, "0 issue ca.test; accounturi=")]
    [InlineData(false, "0 issue ca.test; validationmethods=dns-01")]
    [InlineData(false, "0 issue ca.test; validationmethods=")]
    [InlineData(false, "0 issue ca.test; validationmethods=http-01; validationmethods=http-01")]
    [InlineData(false, "0 issue ca.test;; policy=ev")]
    [InlineData(false, "0 issue ca.test; policy")]
    [InlineData(false, "0 issue ca.test; -x=1")]
    [InlineData(false, "0 issue ca_test")]
    [InlineData(false, "0 issue ca.test policy=ev")]
    public void Records_OfAName_AllowOrNot(bool allowed, params string[] records) => Judge(isWildcard: false, records).ShouldBe(allowed);

    [Theory]
    [InlineData(true, "0 issue ca.test")]
    [InlineData(true, "0 issue other.test", "0 issuewild ca.test")]
    [InlineData(false, "0 issue ca.test", "0 issuewild ;")]
    [InlineData(false, "0 issue ca.test", "0 issuewild other.test")]
    [InlineData(false, "0 issue other.test")]
    public void Records_OfAWildcard_AllowOrNot(bool allowed, params string[] records) => Judge(isWildcard: true, records).ShouldBe(allowed);

    [SkippableFact]
    public async Task Name_ThatAnotherAuthorityMayCertify_IsNotCertified()
    {
        using var client = await ClientAsync();
        fixture.Servers.Caa["elsewhere.test"] = [(0, "issue", "other.test")];

        (await FinishAsync(client, "deep.below.elsewhere.test")).ShouldBe(HttpStatusCode.Forbidden, "caa");

        fixture.Servers.Caa["below.elsewhere.test"] = [(0, "issue", "ca.test")];
        (await FinishAsync(client, "deep.below.elsewhere.test")).Status.ShouldBe(HttpStatusCode.OK, "the nearest records hold");
    }

    [SkippableFact]
    public async Task Name_ForOneAccountAlone_IsNotCertifiedForAnother()
    {
        using var client = await ClientAsync();
        using var other = await ClientAsync();
        fixture.Servers.Caa["account.test"] = [(0, "issue", $"ca.test; accounturi={client.Account}; validationmethods=http-01")];

        (await FinishAsync(other, "account.test")).ShouldBe(HttpStatusCode.Forbidden, "caa");
        (await FinishAsync(client, "account.test")).Status.ShouldBe(HttpStatusCode.OK);
        fixture.Servers.Caa["account.test"] = [(0, "issue", $"ca.test; accounturi={client.Account}; validationmethods=dns-01")];
        (await FinishAsync(client, "account.test")).ShouldBe(HttpStatusCode.Forbidden, "caa");
    }

    [SkippableFact]
    public async Task Names_SeveralRefused_AreNamedEach()
    {
        using var client = await ClientAsync();
        fixture.Servers.Caa["first.test"] = [(0, "issue", ";")];
        fixture.Servers.Caa["second.test"] = [(0x80, "future", "x")];

        var refused = (await FinishAsync(client, "first.test", "second.test", "third.test")).ShouldBe(HttpStatusCode.Forbidden, "compound");

        refused.Json.GetProperty("subproblems").EnumerateArray().Select(problem => (problem.GetProperty("type").GetString()!.Split(':')[^1], problem.GetProperty("identifier").GetProperty("value").GetString()))
            .ShouldBe([("caa", "first.test"), ("caa", "second.test")]);
    }

    /// <summary>Who can keep the answer away must not get a certificate by that.</summary>
    [SkippableFact]
    public async Task Records_ThatCantBeRead_AllowNothing()
    {
        using var client = await ClientAsync();
        var order = await fixture.ReadyOrderAsync(client, "failing.test");
        fixture.Servers.Failing["failing.test"] = true;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        (await client.FinalizeAsync(order, key, null, "failing.test")).ShouldBe(HttpStatusCode.Forbidden, "dns");

        fixture.Servers.Failing.Clear();
        (await client.FinalizeAsync(order, key, null, "failing.test")).Status.ShouldBe(HttpStatusCode.OK, "the order is as it was");
    }

    [SkippableFact]
    public async Task Records_OfAServerWithoutIdentities_AreNotLookedAt()
    {
        using var client = await fixture.NewClientAsync();
        fixture.Servers.Caa["nowhere.test"] = [(0, "issue", ";")];

        (await FinishAsync(client, "nowhere.test")).Status.ShouldBe(HttpStatusCode.OK);
    }

    private async Task<AcmeClient> ClientAsync()
    {
        await fixture.AddAsync(Provisioner, """{"caaIdentities":["ca.test"]}""");
        return await fixture.NewClientAsync(Provisioner);
    }

    private async Task<AcmeReply> FinishAsync(AcmeClient client, params string[] names)
    {
        var order = await fixture.ReadyOrderAsync(client, names);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return await client.FinalizeAsync(order, key, null, names);
    }

    private static bool Judge(bool isWildcard, string[] records) => CaaProperty.Refusal(
        [.. records.Select(record => record.Split(' ', 3)).Select(parts => new CaaProperty(byte.Parse(parts[0], System.Globalization.CultureInfo.InvariantCulture), parts[1], parts[2]))],
        isWildcard, new CaaRequester(["ca.test"], [Account], "http-01")) is null;
}
