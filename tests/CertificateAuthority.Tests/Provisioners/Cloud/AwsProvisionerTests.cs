using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>Identity documents of Amazon EC2 that buy certificates, and those that must not.</summary>
public sealed class AwsProvisionerTests(StepCaHost host) : IClassFixture<StepCaHost>, IAsyncLifetime
{
    private readonly AwsSigner _amazon = new();
    private readonly string _id = "i-" + Guid.NewGuid().ToString("N");
    private readonly CaHost _ca = host.Ca;

    public Task InitializeAsync() => AddAsync();

    public Task DisposeAsync()
    {
        _amazon.Dispose();
        return Task.CompletedTask;
    }

    [SkippableFact]
    public async Task Instance_FirstTime_GetsTheNamesOfItsRequest()
    {
        var reply = await _ca.SignAsync(Token("a.test"), "a.test", "a.test", "192.0.2.7");

        var certificate = reply.Certificate();
        certificate.Names.CommonName.ShouldBe("a.test");
        certificate.Names.AllSans.ShouldBe(["a.test", "192.0.2.7"]);
        certificate.StepProvisioner.ShouldBe(new StepProvisionerExtension(4, "amazon", "123456789042"));
    }

    [SkippableFact]
    public async Task Instance_OnceTrusted_GetsNoSecondCertificateAlsoAfterARestart()
    {
        (await _ca.SignAsync(Token("a.test"), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);

        await _ca.ShouldRefuseAsync(Token("a.test"));
        await _ca.RestartAsync();
        await _ca.ShouldRefuseAsync(Token("a.test"));
        (await _ca.SignAsync(Token("b.test", _id + "-2"), "b.test", "b.test")).Status.ShouldBe(HttpStatusCode.Created, "another instance");
    }

    [SkippableFact]
    public async Task Instance_AsksManyTimesAtOnce_ExactlyOneWins()
    {
        var token = Token("a.test");

        var replies = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => _ca.SignAsync(token, "a.test", "a.test")));

        replies.Count(reply => reply.Status == HttpStatusCode.Created).ShouldBe(1);
        replies.Where(reply => reply.Status != HttpStatusCode.Created).ShouldAllBe(reply => reply.Status == HttpStatusCode.Unauthorized);
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE requester = $1", "amazon:123456789042/" + _id)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Instance_RefusedForItsNames_IsNotSpent()
    {
        (await _ca.SignAsync(Token("a.test"), "acme-mqtt-bridge", "acme-mqtt-bridge")).Status.ShouldBe(HttpStatusCode.Forbidden, "not the subject");
        (await _ca.SignAsync(Token("acme-mqtt-bridge"), "acme-mqtt-bridge", "acme-mqtt-bridge")).Status.ShouldBe(HttpStatusCode.Forbidden, "reserved");

        (await _ca.SignAsync(Token("a.test"), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task TrustOnFirstUse_Disabled_EachTokenBuysOnce()
    {
        await AddAsync(definition => definition["disableTrustOnFirstUse"] = true);
        var token = Token("a.test");

        (await _ca.SignAsync(token, "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
        await _ca.ShouldRefuseAsync(token);
        (await _ca.SignAsync(Token("a.test"), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task CustomNames_Disabled_InstanceGetsAmazonsNamesAndNoOthers()
    {
        await AddAsync(definition => definition["disableCustomSANs"] = true);
        const string name = "ip-10-158-112-84.us-west-2.compute.internal";

        (await _ca.SignAsync(Token(name), name, name, "a.test")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await _ca.SignAsync(Token(name), name, "10.158.112.85")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await _ca.SignAsync(Token(name), "a.test", name)).Status.ShouldBe(HttpStatusCode.Forbidden);
        await _ca.ShouldRefuseAsync(Token("a.test"));
        var certificate = (await _ca.SignAsync(Token(name), name)).Certificate();

        certificate.Names.AllSans.ShouldBe([name, "10.158.112.84"]);
        (await _ca.SignAsync(Token(_id + "-2", _id + "-2"), _id + "-2")).Certificate().Names.CommonName.ShouldBe(_id + "-2");
    }

    [SkippableFact]
    public async Task Document_OfAnotherAccount_IsRefused()
    {
        await AddAsync(definition => definition["accounts"] = new JsonArray("123456789042", "210987654321"));

        await _ca.ShouldRefuseAsync(Token("a.test", change: document => document["accountId"] = "999999999999"));
        (await _ca.SignAsync(Token("a.test"), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Instance_TooOld_IsRefused()
    {
        await AddAsync(definition => definition["instanceAge"] = "1h");

        await _ca.ShouldRefuseAsync(Token("a.test", change: document => document["pendingTime"] = "2016-11-19T16:32:11Z"));
        await _ca.ShouldRefuseAsync(Token("a.test", change: document => document.Remove("pendingTime")));
        (await _ca.SignAsync(Token("a.test"), "a.test", "a.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Document_OfAForeignKeyOrChanged_IsRefused()
    {
        using var foreign = new AwsSigner();
        await _ca.ShouldRefuseAsync(foreign.Token(AwsSigner.Claims("amazon", "a.test"), AwsSigner.Document(_id)));

        var document = Encoding.UTF8.GetBytes(AwsSigner.Document(_id).ToJsonString());
        var other = Encoding.UTF8.GetBytes(AwsSigner.Document(_id + "-2").ToJsonString());
        await _ca.ShouldRefuseAsync(AwsSigner.Token(AwsSigner.Claims("amazon", "a.test"), other, _amazon.Sign(document)));
    }

    /// <summary>The published certificates are Amazon's: a key of anybody else signs nothing for a provisioner that names none.</summary>
    [SkippableFact]
    public async Task Provisioner_WithoutCertificates_TrustsAmazonsOwn()
    {
        await AddAsync(definition => definition.Remove("iidCertificates"));

        await _ca.ShouldRefuseAsync(Token("a.test"));
    }

    [SkippableFact]
    public async Task Token_WithAnotherMacOrAlgorithm_IsRefused()
    {
        var claims = AwsSigner.Claims("amazon", "a.test");
        _ = _amazon.Token(claims, AwsSigner.Document(_id));
        using var key = StepCaCalls.NewKey();

        await _ca.ShouldRefuseAsync(CloudTokens.Mac(claims, RandomNumberGenerator.GetBytes(32)));
        await _ca.ShouldRefuseAsync(CloudTokens.Mac(claims, [], "none"));
        await _ca.ShouldRefuseAsync(Jose.Jwt.Sign(claims, new Jose.EcSignatureKey(key, "any")));
    }

    [SkippableTheory]
    [InlineData("aud", "https://127.0.0.1/1.0/sign")]
    [InlineData("aud", "https://127.0.0.1/1.0/sign#aws/other")]
    [InlineData("aud", "https://127.0.0.1/1.0/sign#gcp/amazon")]
    [InlineData("aud", "https://evil.test/1.0/sign#aws/amazon")]
    [InlineData("iss", "amazon")]
    [InlineData("exp", 1_700_000_000L)]
    [InlineData("exp", 4_000_000_000L)]
    [InlineData("nbf", 4_000_000_000L)]
    [InlineData("sub", "")]
    public async Task Token_ThatIsNotForThisProvisionerNow_IsRefused(string claim, object value)
    {
        var claims = AwsSigner.Claims("amazon", "a.test");
        claims[claim] = JsonValue.Create(value);

        await _ca.ShouldRefuseAsync(_amazon.Token(claims, AwsSigner.Document(_id)));
    }

    [SkippableTheory]
    [InlineData("instanceId", "")]
    [InlineData("accountId", null)]
    [InlineData("region", null)]
    [InlineData("privateIp", "::1")]
    [InlineData("privateIp", "a.test")]
    public async Task Document_WithoutWhatMatters_IsRefused(string member, string? value) =>
        await _ca.ShouldRefuseAsync(Token("a.test", change: document => document[member] = value));

    [SkippableTheory]
    [InlineData("""{"type":"AWS","name":"x","iidRoots":"/etc/aws.pem"}""", "iidRoots")]
    [InlineData("""{"type":"AWS","name":"x","iidCertificates":"bm8gcGVt"}""", "iidCertificates")]
    [InlineData("""{"type":"AWS","name":"x","instanceAge":"-1h"}""", "instanceAge")]
    [InlineData("""{"type":"AWS","name":"x","instanceAge":"soon"}""", "instanceAge")]
    [InlineData("""{"type":"AWS","name":"x","imdsVersions":["v3"]}""", "imdsVersions")]
    [InlineData("""{"type":"AWS","name":"x","account":["1"]}""", "account")]
    public void Definition_ThatIsNotUnderstood_IsRefused(string definition, string reason) =>
        Should.Throw<ProblemException>(() => new AwsProvisioner(ProvisionerDefinition.Parse(definition), CaHost.DefaultOptions)).Message.ShouldContain(reason);

    [SkippableFact]
    public async Task Describe_TellsInstancesWhereTheirsAre_AndKeepsTheCopy()
    {
        await AddAsync(definition => definition["iidRoots"] = "/etc/step/aws.pem");
        using var client = _ca.Client();

        var answer = (await client.ReadAsync("/provisioners")).Body;

        answer.ShouldContain("/etc/step/aws.pem");
        answer.ShouldNotContain("iidCertificates");
    }

    private Task AddAsync(Action<JsonObject>? change = null)
    {
        var definition = new JsonObject { ["type"] = "AWS", ["name"] = "amazon", ["iidCertificates"] = CloudTokens.Base64(_amazon.Pem) };
        change?.Invoke(definition);
        return _ca.AddAsync(definition);
    }

    private string Token(string subject, string? instance = null, Action<JsonObject>? change = null)
    {
        var document = AwsSigner.Document(instance ?? _id);
        change?.Invoke(document);
        return _amazon.Token(AwsSigner.Claims("amazon", subject), document);
    }
}
