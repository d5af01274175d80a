using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Tests.Imports;
using IoTPlatform.Identity;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>Tokens that a certificate vouches for (RFC 7515 4.1.6), honest and not.</summary>
public sealed class X5cProvisionerTests : IAsyncLifetime
{
    private readonly TestRoot _root = new("Manufacturer");
    private CaHost _ca = null!;

    public async Task InitializeAsync()
    {
        _ca = await CaHost.StartAsync();
        await AddAsync(_root.Certificate);
    }

    public async Task DisposeAsync()
    {
        _root.Dispose();
        await _ca.DisposeAsync();
    }

    [SkippableFact]
    public async Task Token_OfACertificateOfTheRoots_Buys()
    {
        using var credential = _root.Issue("line 1");

        var reply = await SignAsync(credential, "machine.test");

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var leaf = X509Certificate2.CreateFromPem(reply.Json.GetProperty("crt").GetString());
        Pki.ParsedCertificate.Parse(leaf.RawDataMemory).StepProvisioner.ShouldBe(new Pki.StepProvisionerExtension(7, "fleet", ""));
    }

    [SkippableFact]
    public async Task Certificate_EndsNoLaterThanItsCredential()
    {
        using var credential = _root.Issue("line 1", lifetime: TimeSpan.FromHours(2));

        var usual = await SignAsync(credential, "machine.test");
        var longer = await SignAsync(credential, "machine.test", more: ("notAfter", "3h"));

        usual.Status.ShouldBe(HttpStatusCode.Created, usual.Body);
        using var leaf = X509Certificate2.CreateFromPem(usual.Json.GetProperty("crt").GetString());
        leaf.NotAfter.ShouldBeLessThanOrEqualTo(credential.NotAfter);
        longer.Status.ShouldBe(HttpStatusCode.Forbidden);
        longer.Body.ShouldContain("provisioning credential");
    }

    [SkippableFact]
    public async Task Token_UsedTwice_IsRefused()
    {
        using var credential = _root.Issue("line 1");
        var token = Token(credential, "machine.test");

        (await SignAsync(token, "machine.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync(token, "machine.test")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Certificate_OfAnotherRoot_IsRefused()
    {
        using var foreign = new TestRoot("Manufacturer");
        using var credential = foreign.Issue("line 1");

        await ShouldRefuseAsync(Token(credential, "machine.test"));
        await ShouldRefuseAsync(Token(credential, "machine.test", chain: [credential, foreign.Certificate, _root.Certificate]));
    }

    [SkippableFact]
    public async Task Signature_OfAnotherKeyThanTheCertificates_IsRefused()
    {
        using var credential = _root.Issue("line 1");
        using var other = _root.Issue("line 2");

        await ShouldRefuseAsync(Token(other, "machine.test", chain: [credential]));
    }

    [SkippableFact]
    public async Task Certificate_NotInDate_IsRefused()
    {
        using var ended = _root.Issue("line 1", start: -TimeSpan.FromDays(2), lifetime: TimeSpan.FromDays(1));
        using var early = _root.Issue("line 1", start: TimeSpan.FromHours(1));

        await ShouldRefuseAsync(Token(ended, "machine.test"));
        await ShouldRefuseAsync(Token(early, "machine.test"));
    }

    [SkippableFact]
    public async Task Certificate_ForServersOrOtherKeyUsage_IsRefused()
    {
        using var server = _root.Issue("line 1", usage: "1.3.6.1.5.5.7.3.1");
        using var contract = _root.Issue("line 1", keyUsage: X509KeyUsageFlags.NonRepudiation);

        await ShouldRefuseAsync(Token(server, "machine.test"));
        await ShouldRefuseAsync(Token(contract, "machine.test"));
    }

    [SkippableTheory]
    [InlineData("aud", "https://127.0.0.1/1.0/sign")]
    [InlineData("aud", "https://127.0.0.1/1.0/sign#x5c/other")]
    [InlineData("aud", "https://127.0.0.1/1.0/revoke#x5c/fleet")]
    [InlineData("aud", "https://evil.test/1.0/sign#x5c/fleet")]
    [InlineData("iss", "iot-bridge")]
    [InlineData("iss", "FLEET")]
    public async Task Token_ForAnotherAudienceOrIssuer_IsRefused(string claim, string value)
    {
        using var credential = _root.Issue("line 1");
        var claims = Claims("machine.test");
        claims[claim] = value;

        await ShouldRefuseAsync(Token(credential, claims, [credential]));
    }

    [SkippableFact]
    public async Task Token_WithManyCertificates_IsRefused()
    {
        using var credential = _root.Issue("line 1");

        await ShouldRefuseAsync(Token(credential, "machine.test", chain: [.. Enumerable.Repeat(credential, 9)]));
    }

    [SkippableFact]
    public async Task RevokedCertificate_OfThisAuthority_IsRefused()
    {
        await AddAsync(_ca.Root, "own");
        using var credential = await _ca.EnrollAsync("line.test");
        using var intermediate = X509CertificateLoader.LoadCertificate(_ca.Authority.Chain.Issuer.RawData);
        var claims = Claims("machine.test", "own");

        (await SignAsync(Token(credential, claims, [credential, intermediate]), "machine.test")).Status.ShouldBe(HttpStatusCode.Created);
        using (var client = _ca.Client())
        {
            (await client.RevokeAsync(credential.Serial(), _ca.RevokeToken(credential.Serial()))).Status.ShouldBe(HttpStatusCode.OK);
        }

        await ShouldRefuseAsync(Token(credential, Claims("machine.test", "own"), [credential, intermediate]));
    }

    [SkippableFact]
    public async Task CertificateOfASubCa_BelowThePlatformsRoot_IsRefused()
    {
        await AddAsync(_ca.Root, "own");
        using var key = StepCaCalls.NewKey();
        var signed = await SubCaHost.SignAsync(_ca, CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = "acme Sub-CA" }));
        using var subCa = X509CertificateLoader.LoadCertificate(signed.Der.Span);
        using var tenant = new TestRoot(subCa.CopyWithPrivateKey(key));
        using var credential = tenant.Issue("line 1");

        await ShouldRefuseAsync(Token(credential, Claims("machine.test", "own"), [credential, subCa, _ca.Authority.Chain.Issuer]));
    }

    /// <summary>The imported issuer has no key here: what it issued is renewed below the platform's root.</summary>
    [SkippableFact]
    public async Task CertificateThatRenewsAnImportedOne_BelowThePlatformsRoot_IsRefused()
    {
        await AddAsync(_ca.Root, "own");
        using var other = new OtherAuthority("Former");
        using var key = StepCaCalls.NewKey();
        using var imported = other.Leaf("line.test", key);
        using var admin = _ca.As("ada", Roles.Admin);
        await other.ImportAsync(admin, other.ImportWithoutKey(), OtherAuthority.Item(imported));
        using var client = _ca.Client(imported);
        var reply = await client.SendAsync("/1.0/renew", "");
        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        using var credential = reply.Certificate.CopyWithPrivateKey(key);

        await ShouldRefuseAsync(Token(credential, Claims("machine.test", "own"), [credential, _ca.Authority.Chain.Issuer]));
    }

    [SkippableFact]
    public async Task Token_ForNamesThatAreIdentities_BuysNothing()
    {
        using var credential = _root.Issue("line 1");

        (await SignAsync(credential, "acme-mqtt-bridge")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    /// <summary>The holder chooses the token's subject; its certificate's name is the manufacturer's word.</summary>
    [SkippableFact]
    public async Task Inventory_HasTheCertificatesName_NotTheTokens()
    {
        await _ca.Database.ExecuteAsync("INSERT INTO ca.inventories (name, changed_at) VALUES ('lines', now())");
        await _ca.Database.ExecuteAsync("INSERT INTO ca.inventory_entries (inventory, key, data) VALUES ('lines', 'line-1', '{}')");
        await AddAsync(_root.Certificate, inventory: "lines");
        using var listed = _root.Issue("line-1");
        using var other = _root.Issue("line-2");
        using var both = _root.Issue("line-1,CN=line-2");

        (await SignAsync(listed, "machine.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync(other, "line-1")).Status.ShouldBe(HttpStatusCode.Forbidden);
        (await SignAsync(both, "line-1")).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    /// <summary>The token's subject is the holder's choice: the key is counted.</summary>
    [SkippableFact]
    public async Task Credential_WithManySubjects_HasOneBudget()
    {
        await AddAsync(_root.Certificate, limits: """{"perCredentialPerHour":1}""");
        using var one = _root.Issue("line-1");
        using var other = _root.Issue("line-2");

        (await SignAsync(one, "a.test")).Status.ShouldBe(HttpStatusCode.Created);
        (await SignAsync(one, "b.test")).Body.ShouldContain("The credential has had");
        (await SignAsync(other, "b.test")).Status.ShouldBe(HttpStatusCode.Created);
    }

    private async Task AddAsync(X509Certificate2 root, string name = "fleet", string? inventory = null, string? limits = null)
    {
        var definition = new JsonObject { ["type"] = "X5C", ["name"] = name, ["roots"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(root.ExportCertificatePem())) };
        definition["options"] = new JsonObject { ["inventory"] = inventory, ["limits"] = limits is null ? null : JsonNode.Parse(limits) };
        await _ca.Module.ProvisionerStore.SaveAsync(ProvisionerDefinition.Parse(definition.ToJsonString()), keyId: null, new ProvisionerChange("admin"), default);
        await _ca.Module.Provisioners.ReloadAsync(default);
    }

    private JsonObject Claims(string name, string provisioner = "fleet")
    {
        var claims = _ca.Claims(name);
        claims["iss"] = provisioner;
        claims["aud"] = $"{claims["aud"]}#x5c/{provisioner}";
        return claims;
    }

    private string Token(X509Certificate2 signer, string name, IReadOnlyList<X509Certificate2>? chain = null) => Token(signer, Claims(name), chain ?? [signer]);

    private static string Token(X509Certificate2 signer, JsonObject claims, IReadOnlyList<X509Certificate2> chain)
    {
        using var key = new EcSignatureKey(signer.GetECDsaPrivateKey()!, kid: null);
        return CompactJws.Sign(
            new Dictionary<string, object>(StringComparer.Ordinal) { ["typ"] = "JWT", ["x5c"] = chain.Select(certificate => Convert.ToBase64String(certificate.RawData)).ToArray() },
            Encoding.UTF8.GetBytes(claims.ToJsonString()), key);
    }

    private Task<StepCaReply> SignAsync(X509Certificate2 credential, string name, params (string Name, string Value)[] more) => SignAsync(Token(credential, name), name, more);

    private async Task<StepCaReply> SignAsync(string token, string name, params (string Name, string Value)[] more)
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();
        return await client.SignAsync(StepCaCalls.Csr(key, name, name), token, more);
    }

    private async Task ShouldRefuseAsync(string token)
    {
        var reply = await SignAsync(token, "machine.test");
        reply.Status.ShouldBe(HttpStatusCode.Unauthorized, reply.Body);
        reply.Json.GetProperty("message").GetString().ShouldBe(StepCaCalls.Unauthorized);
    }
}
