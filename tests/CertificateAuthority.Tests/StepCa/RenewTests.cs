using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

public sealed class RenewTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private const string BadRequest = "The request could not be completed: ";

    private readonly CaHost _ca = fixture.Ca;

    [SkippableTheory]
    [InlineData("/renew")]
    [InlineData("/1.0/renew")]
    [InlineData("/re-sign")]
    public async Task Renew_OwnCertificate_KeepsKeyNamesLifetimeAndProvisioner(string path)
    {
        using var current = await _ca.EnrollAsync("renew.test", ("notAfter", "2h"));
        using var client = _ca.Client(current);

        var reply = await client.SendAsync(path, "");

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        var old = ParsedCertificate.Parse(current.RawDataMemory);
        var renewed = ParsedCertificate.Parse(reply.Certificate.RawDataMemory);
        renewed.SerialNumber.ToArray().ShouldNotBe(old.SerialNumber.ToArray());
        renewed.SubjectPublicKeyInfo.ToArray().ShouldBe(old.SubjectPublicKeyInfo.ToArray());
        renewed.Names.HasSameNames(old.Names).ShouldBeTrue();
        renewed.StepProvisioner.ShouldBe(old.StepProvisioner);
        (renewed.NotAfter - renewed.NotBefore).ShouldBe(old.NotAfter - old.NotBefore);
        var record = await _ca.Authority.FindAsync(renewed.SerialNumber.ToArray(), CancellationToken.None);
        record!.Provisioner.ShouldBe("iot-bridge");
        record.Profile.ShouldBe("leaf");
    }

    [SkippableFact]
    public async Task Renew_ManyTimesOnOneConnection_Works()
    {
        using var current = await _ca.EnrollAsync("busy.test");
        using var client = _ca.Client(current);

        var replies = await Task.WhenAll(Enumerable.Range(0, 9).Select(_ => client.SendAsync("/renew", "")));

        replies.ShouldAllBe(r => r.Status == HttpStatusCode.Created);
        replies.Select(r => r.Certificate.SerialNumber).Distinct().Count().ShouldBe(9);
    }

    [SkippableTheory]
    [InlineData("/renew", "")]
    [InlineData("/rekey", "")]
    [InlineData("/rekey", "{}")]
    public async Task RenewAndRekey_NoCertificate_Is400(string path, string body)
    {
        using var client = _ca.Client();

        (await client.SendAsync(path, body)).ShouldBeRefused(400, BadRequest + "missing client certificate.");
    }

    [SkippableTheory]
    [InlineData("{}", "missing csr.")]
    [InlineData("", "error decoding json.")]
    public async Task Rekey_NoCsr_Is400(string body, string message)
    {
        using var current = await _ca.EnrollAsync("rekey.test");
        using var client = _ca.Client(current);

        (await client.SendAsync("/rekey", body)).ShouldBeRefused(400, BadRequest + message);
    }

    [SkippableFact]
    public async Task Rekey_CsrWithOtherNames_TakesOnlyTheKey()
    {
        using var current = await _ca.EnrollAsync("rekey.test");
        using var client = _ca.Client(current);
        using var key = StepCaCalls.NewKey();

        var reply = await client.SendAsync("/rekey", new JsonObject { ["csr"] = StepCaCalls.Csr(key, "evil.test", "evil.test") }.ToJsonString());

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        reply.Certificate.Subject.ShouldBe("CN=rekey.test");
        SubjectNames.FromCertificate(reply.Certificate).Dns.ShouldBe(["rekey.test"]);
        reply.Certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(key.ExportSubjectPublicKeyInfo());
    }

    [SkippableFact]
    public async Task Rekey_CsrAsksForCa_Is403()
    {
        using var current = await _ca.EnrollAsync("rekey.test");
        using var client = _ca.Client(current);
        using var key = StepCaCalls.NewKey();
        var request = new CertificateRequest("CN=rekey.test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));

        (await client.SendAsync("/rekey", new JsonObject { ["csr"] = request.CreateSigningRequestPem() }.ToJsonString())).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableTheory]
    [InlineData("/renew")]
    [InlineData("/rekey")]
    public async Task RenewAndRekey_Revoked_Is401EvenOnAnOpenConnection(string path)
    {
        using var current = await _ca.EnrollAsync("gone.test");
        using var client = _ca.Client(current);
        using var key = StepCaCalls.NewKey();
        var body = new JsonObject { ["csr"] = StepCaCalls.Csr(key, "gone.test") }.ToJsonString();
        (await client.SendAsync(path, body)).Status.ShouldBe(HttpStatusCode.Created);

        (await client.RevokeAsync(current.Serial())).Status.ShouldBe(HttpStatusCode.OK);

        (await client.SendAsync(path, body)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task Renew_SelfSignedCertificate_Is401()
    {
        using var key = StepCaCalls.NewKey();
        using var selfSigned = new CertificateRequest("CN=a.test", key, HashAlgorithmName.SHA256).CreateSelfSigned(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddHours(1));
        using var client = _ca.Client(selfSigned);

        (await client.SendAsync("/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task Renew_SameNamesUnderAnotherKeyOfTheIssuersName_Is401()
    {
        using var genuine = await _ca.EnrollAsync("copy.test");
        using var fakeIssuerKey = StepCaCalls.NewKey();
        using var key = StepCaCalls.NewKey();
        using var forged = Forge(genuine, fakeIssuerKey, key);
        using var client = _ca.Client(forged);

        (await client.SendAsync("/renew", "")).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task Renew_AgainAndAgain_Is429WithRetryAfter()
    {
        using var current = await _ca.EnrollAsync("flood.test");
        using var client = _ca.Client(current);

        var replies = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => client.SendAsync("/renew", "")));

        // Ten within an eighth of the lifetime; the first is what the token bought.
        replies.Count(r => r.Status == HttpStatusCode.Created).ShouldBe(9);
        replies.Where(r => r.Status != HttpStatusCode.Created).ShouldAllBe(r => r.Status == HttpStatusCode.TooManyRequests && r.RetryAfter > TimeSpan.Zero && r.RetryAfter <= TimeSpan.FromHours(3.1));
        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE subject = 'flood.test'")).ShouldBe(10);
    }

    [SkippableTheory]
    [InlineData("/renew")]
    [InlineData("/1.0/renew")]
    [InlineData("/1.0/rekey")]
    public async Task RenewAndRekey_ProfileThatNoFeatureOwns_Is403(string path)
    {
        var service = _ca.Module.ServiceCertificate.Current;
        using var client = _ca.Client(service);
        using var key = StepCaCalls.NewKey();
        var before = await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE profile = 'service'");

        (await client.SendAsync(path, new JsonObject { ["csr"] = StepCaCalls.Csr(key, "iot-bridge-api") }.ToJsonString())).Status.ShouldBe(HttpStatusCode.Forbidden);

        (await _ca.Database.ScalarAsync<long>("SELECT count(*) FROM ca.certificates WHERE profile = 'service'")).ShouldBe(before);
    }

    [SkippableFact]
    public async Task Renew_RsaLeafWhoseLooksFitTwoProfiles_KeepsTheStoredOne()
    {
        using var rsa = RSA.Create(2048);
        using var client = _ca.Client();
        var signed = await client.SignAsync(new CertificateRequest("CN=rsa.test", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem(), _ca.Token("rsa.test"));
        using var leaf = signed.Certificate.CopyWithPrivateKey(rsa);
        using var mtls = _ca.Client(leaf);

        var reply = await mtls.SendAsync("/renew", "");

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        (await _ca.Authority.FindAsync(reply.Certificate.SerialNumberBytes.ToArray(), CancellationToken.None))!.Profile.ShouldBe("leaf");
    }

    [SkippableFact]
    public async Task RenewByToken_SignedWithTheCertificatesKey_Renews()
    {
        using var current = await _ca.EnrollAsync("bearer.test");
        using var client = _ca.Client();
        var token = RenewalToken(current);

        var reply = await client.SendAsync("/renew", "", "Bearer " + token);

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        reply.Certificate.Subject.ShouldBe("CN=bearer.test");
        (await client.SendAsync("/renew", "", "Bearer " + token)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    /// <summary>One list of keys for request, certificate and renewal token: whatever was certified renews with its own key.</summary>
    [SkippableTheory]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-256", "ES256")]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-384", "ES384")]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-521", "ES512")]
    [InlineData("rsa:2048", "RS256")]
    [InlineData("rsa:2048", "PS256")]
    [InlineData("ed25519", "EdDSA")]
    public async Task RenewByToken_EveryKindOfKey_Renews(string kind, string algorithm)
    {
        using var folder = new TempFolder();
        var openssl = Requires.Tool("openssl");
        var subject = $"{algorithm}.test";
        var csr = (await Tools.RunAsync(openssl, ["req", "-new", "-nodes", "-keyout", folder.Combine("key.pem"), "-subj", "/CN=" + subject, "-newkey", .. kind.Split(' ')])).EnsureSuccess().Output;
        using var client = _ca.Client();
        var signed = await client.SignAsync(csr, _ca.Token(subject));
        signed.Status.ShouldBe(HttpStatusCode.Created, signed.Body);
        var signer = new OpenSslKey(openssl, folder, algorithm);

        var token = RenewalToken(signed.Certificate, signer: signer);
        var reply = await client.SendAsync("/renew", "", "Bearer " + token);

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        reply.Certificate.PublicKey.ExportSubjectPublicKeyInfo().ShouldBe(signed.Certificate.PublicKey.ExportSubjectPublicKeyInfo());
        var forged = token[..^8] + (token[^8] == 'A' ? 'B' : 'A') + token[^7..];
        (await client.SendAsync("/renew", "", "Bearer " + forged)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task RenewByToken_Revoked_Is401()
    {
        using var current = await _ca.EnrollAsync("bearer.test");
        using var mtls = _ca.Client(current);
        (await mtls.RevokeAsync(current.Serial())).Status.ShouldBe(HttpStatusCode.OK);
        using var client = _ca.Client();

        (await client.SendAsync("/renew", "", "Bearer " + RenewalToken(current))).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableTheory]
    [InlineData("x")]
    [InlineData("a.b.c")]
    public async Task RenewByToken_Garbage_Is401(string token)
    {
        using var client = _ca.Client();

        (await client.SendAsync("/renew", "", "Bearer " + token)).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableTheory]
    [InlineData("sub", "other.test")]
    [InlineData("iss", "someone")]
    [InlineData("aud", "https://evil.example/renew")]
    [InlineData("jti", "")]
    public async Task RenewByToken_WrongClaim_Is401(string claim, string value)
    {
        using var current = await _ca.EnrollAsync("bearer.test");
        using var client = _ca.Client();

        (await client.SendAsync("/renew", "", "Bearer " + RenewalToken(current, claims => claims[claim] = value))).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    [SkippableFact]
    public async Task RenewByToken_ForeignCertificate_Is401()
    {
        using var victim = await _ca.EnrollAsync("victim.test");
        using var attacker = await _ca.EnrollAsync("attacker.test");
        using var key = new EcSignatureKey(attacker.GetECDsaPrivateKey()!);
        using var client = _ca.Client();

        (await client.SendAsync("/renew", "", "Bearer " + RenewalToken(victim, signer: key))).ShouldBeRefused(401, StepCaCalls.Unauthorized);
    }

    private static X509Certificate2 Forge(X509Certificate2 genuine, ECDsa issuerKey, ECDsa key)
    {
        var request = new CertificateRequest(genuine.SubjectName, key, HashAlgorithmName.SHA256);
        foreach (var extension in genuine.Extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        using var forged = request.Create(genuine.IssuerName, X509SignatureGenerator.CreateForECDsa(issuerKey), genuine.NotBefore, genuine.NotAfter, genuine.SerialNumberBytes.Span);
        return forged.CopyWithPrivateKey(key);
    }

    private string RenewalToken(X509Certificate2 certificate, Action<JsonObject>? bend = null, ISignatureKey? signer = null)
    {
        var claims = _ca.Claims(certificate.GetNameInfo(X509NameType.SimpleName, false), "renew");
        claims["iss"] = "step-ca-client/1.0";
        bend?.Invoke(claims);
        using var own = signer is null ? new EcSignatureKey(certificate.GetECDsaPrivateKey()!) : null;
        var header = new Dictionary<string, object> { ["typ"] = "JWT", ["x5cInsecure"] = new[] { Convert.ToBase64String(certificate.RawData) } };
        return CompactJws.Sign(header, System.Text.Encoding.UTF8.GetBytes(claims.ToJsonString()), signer ?? own!);
    }
}
