using System.Net;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class InformationTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private readonly CaHost _ca = fixture.Ca;

    [SkippableTheory]
    [InlineData("")]
    [InlineData("/1.0")]
    public async Task Get_PublicEndpoints_AnswerAtBothPrefixes(string prefix)
    {
        using var client = _ca.Client();
        var root = Pki.Files.Pem.Certificate(_ca.Root.RawDataMemory.Span);

        var health = await client.ReadAsync(prefix + "/health");
        (health.Status, health.Body, health.ContentType).ShouldBe((HttpStatusCode.OK, "{\"status\":\"ok\"}\n", "application/json"));
        (await client.ReadAsync(prefix + "/version")).Body.ShouldBe("{\"version\":\"0.19.0\"}\n");
        foreach (var path in (string[])["/roots", "/federation"])
        {
            var roots = await client.ReadAsync(prefix + path);
            roots.Status.ShouldBe(HttpStatusCode.Created);
            roots.Json.GetProperty("crts").EnumerateArray().Select(e => e.GetString()).ShouldBe([root]);
        }

        var pem = await client.ReadAsync(prefix + "/roots.pem");
        (pem.Status, pem.Body, pem.ContentType).ShouldBe((HttpStatusCode.OK, root, "application/x-pem-file"));
    }

    [SkippableFact]
    public async Task Root_FingerprintInAnyCase_IsTheRoot()
    {
        using var client = _ca.Client();

        foreach (var fingerprint in (string[])[_ca.RootFingerprint, _ca.RootFingerprint.ToUpperInvariant()])
        {
            var reply = await client.ReadAsync("/root/" + fingerprint);
            reply.Status.ShouldBe(HttpStatusCode.OK);
            reply.Json.GetProperty("ca").GetString().ShouldBe(Pki.Files.Pem.Certificate(_ca.Root.RawDataMemory.Span));
        }
    }

    [SkippableTheory]
    [InlineData("/root/00")]
    [InlineData("/1.0/root/zz")]
    [InlineData("/provisioners/nobody/encrypted-key")]
    public async Task Get_UnknownRootOrKey_Is404(string path)
    {
        using var client = _ca.Client();

        (await client.ReadAsync(path)).ShouldBeRefused(404, "The requested resource could not be found. Please see the certificate authority logs for more info.");
    }

    [SkippableFact]
    public async Task Provisioners_List_IsTheJwkProvisionerInStepCasMemberOrder()
    {
        using var client = _ca.Client();

        var reply = await client.ReadAsync("/provisioners?limit=20");

        reply.Status.ShouldBe(HttpStatusCode.OK);
        reply.Json.GetProperty("nextCursor").GetString().ShouldBe("");
        var provisioner = reply.Json.GetProperty("provisioners").EnumerateArray().ShouldHaveSingleItem();
        provisioner.EnumerateObject().Select(p => p.Name).ShouldBe(["type", "name", "key", "encryptedKey"]);
        provisioner.GetProperty("key").EnumerateObject().Select(p => p.Name).ShouldBe(["use", "kty", "kid", "crv", "alg", "x", "y"]);
        var encrypted = await client.ReadAsync($"/provisioners/{_ca.Module.IotBridge.KeyId}/encrypted-key");
        encrypted.Json.GetProperty("key").GetString().ShouldBe(provisioner.GetProperty("encryptedKey").GetString());
    }

    [SkippableFact]
    public async Task EncryptedKey_UnderTheProvisionerPassword_IsThePrivateKeyOfTheListedOne()
    {
        using var client = _ca.Client();
        var jwe = (await client.ReadAsync($"/provisioners/{_ca.Module.IotBridge.KeyId}/encrypted-key")).Json.GetProperty("key").GetString()!;

        var jwk = JsonWebKey.Parse(Pbes2Jwe.Decrypt(jwe, (await File.ReadAllTextAsync(_ca.ProvisionerPasswordFile)).Trim()));

        jwk.HasPrivateKey.ShouldBeTrue();
        jwk.Thumbprint().ShouldBe(_ca.Module.IotBridge.KeyId);
        Should.Throw<JoseException>(() => Pbes2Jwe.Decrypt(jwe, "wrong"));
    }

    [SkippableFact]
    public async Task Provisioners_LimitIsNoInteger_Is400()
    {
        using var client = _ca.Client();

        (await client.ReadAsync("/provisioners?limit=x")).ShouldBeRefused(400, "The request could not be completed: limit 'x' is not an integer.");
    }

    [SkippableTheory]
    [InlineData("GET", "/sign")]
    [InlineData("GET", "/1.0/renew")]
    [InlineData("PUT", "/revoke")]
    [InlineData("DELETE", "/rekey")]
    [InlineData("POST", "/health")]
    [InlineData("HEAD", "/health")]
    [InlineData("POST", "/root/00")]
    public async Task AnyPath_WrongMethod_Is405WithoutBody(string method, string path)
    {
        using var client = _ca.Client();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        using var response = await client.SendAsync(request);

        response.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        (await response.Content.ReadAsStringAsync()).ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Get_OverHttp2_IsOffered()
    {
        using var client = _ca.Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using var response = await client.SendAsync(request);

        response.Version.ShouldBe(HttpVersion.Version20);
    }
}
