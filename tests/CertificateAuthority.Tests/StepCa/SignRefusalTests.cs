using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using IoTPlatform.Testing;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>The error table of step-ca's sign, row by row: status and words as step-ca 0.19.0 gives them, unless the divergences say otherwise.</summary>
public sealed class SignRefusalTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private const string Forbidden = "The request was forbidden by the certificate authority: ";
    private const string BadRequest = "The request could not be completed: ";

    private readonly CaHost _ca = fixture.Ca;

    [SkippableTheory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{} trailing")]
    [InlineData("{}{}")]
    [InlineData("{\"csr\":5}")]
    [InlineData("{\"csr\":\"x\",\"ott\":\"x\"}")]
    [InlineData("{\"ott\":\"a\",\"ott\":\"b\"}")]
    [InlineData("{\"ott\":\"a\",\"OTT\":\"b\"}")]
    public async Task Sign_NotTheExpectedJson_Is400(string body)
    {
        using var client = _ca.Client();

        (await client.SendAsync("/1.0/sign", body)).ShouldBeRefusedBecause(400, BadRequest + "error decoding json");
    }

    [SkippableTheory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"csr\":null,\"ott\":\"x\"}")]
    [InlineData("{\"csr\":\"\",\"ott\":\"x\"}")]
    public async Task Sign_NoCsr_Is400(string body)
    {
        using var client = _ca.Client();

        (await client.SendAsync("/sign", body)).ShouldBeRefused(400, BadRequest + "missing csr.");
    }

    [SkippableFact]
    public async Task Sign_NoToken_Is400()
    {
        (await SignAsync(Csr("a.test", "a.test"), "")).ShouldBeRefused(400, BadRequest + "missing ott.");
    }

    [SkippableFact]
    public async Task Sign_CsrWithBadSignature_Is400AndTheTokenStaysGood()
    {
        using var key = StepCaCalls.NewKey();
        var token = _ca.Token("a.test");
        var der = new CertificateRequest("CN=a.test", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        der[^3] ^= 1;
        var csr = new string(PemEncoding.Write("CERTIFICATE REQUEST", der));

        (await SignAsync(csr, token)).ShouldBeRefused(400, BadRequest + "invalid csr: The certificate signing request's signature does not verify.");

        (await SignAsync(Csr("a.test", "a.test"), token)).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Sign_TwoCsrsInOnePem_Is400()
    {
        (await SignAsync(Csr("a.test") + Csr("a.test"), _ca.Token("a.test")))
            .ShouldBeRefused(400, BadRequest + "error decoding json: Expected exactly one PEM block 'CERTIFICATE REQUEST' and nothing else.");
    }

    [SkippableTheory]
    [InlineData("b.test", "b.test", "common name - got b.test, want a.test")]
    [InlineData("b.test", "a.test", "common name - got b.test, want a.test")]
    [InlineData("a.test", "a.test c.test", "DNS names - got [a.test c.test], want [a.test]")]
    [InlineData("a.test", "c.test", "DNS names - got [c.test], want [a.test]")]
    [InlineData(null, "c.test", "DNS names - got [c.test], want [a.test]")]
    [InlineData("a.test", "a.test 1.2.3.4", "IP addresses - got [1.2.3.4], want []")]
    [InlineData("a.test", "a.test https://x/y", "URIs - got [https://x/y], want []")]
    [InlineData("a.test", "a.test x@y.z", "email addresses - got [x@y.z], want []")]
    public async Task Sign_OtherNamesThanTheToken_Is403AndTheTokenStaysGood(string? cn, string sans, string difference)
    {
        var token = _ca.Token("a.test");

        (await SignAsync(Csr(cn, sans.Split(' ')), token)).ShouldBeRefused(403, $"{Forbidden}certificate request does not contain the valid {difference}.");

        (await SignAsync(Csr("a.test", "a.test"), token)).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableFact]
    public async Task Sign_FewerNamesThanTheToken_Is403()
    {
        (await SignAsync(Csr("a.test", "a.test"), _ca.Token("a.test", "a.test", "b.test", "z.test")))
            .ShouldBeRefused(403, Forbidden + "certificate request does not contain the valid DNS names - got [a.test], want [a.test b.test z.test].");
    }

    [SkippableFact]
    public async Task Sign_NoNamesInTheCsr_GetsTheTokensNames()
    {
        var reply = await SignAsync(Csr("a.test"), _ca.Token("a.test", "a.test", "192.0.2.1"));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        Pki.SubjectNames.FromCertificate(reply.Certificate).AllSans.ShouldBe(["a.test", "192.0.2.1"]);
    }

    [SkippableTheory]
    [InlineData("notAfter", "25h", 403, Forbidden + "requested duration of 25h1m0s is more than the authorized maximum certificate duration of 24h1m0s.")]
    [InlineData("notAfter", "1m", 403, Forbidden + "requested duration of 2m0s is less than the authorized minimum certificate duration of 5m0s.")]
    [InlineData("notAfter", "87600h", 403, Forbidden + "requested duration of 87600h1m0s is more than the authorized maximum certificate duration of 24h1m0s.")]
    [InlineData("notBefore", "xx", 400, BadRequest + "error decoding json.")]
    [InlineData("notBefore", "9999-99-99T00:00:00Z", 400, BadRequest + "error decoding json.")]
    public async Task Sign_ValidityOutsideTheClaims_IsRefused(string name, string value, int status, string message)
    {
        (await SignAsync(Csr("a.test", "a.test"), _ca.Token("a.test"), (name, value))).ShouldBeRefused(status, message);
    }

    [SkippableTheory]
    [InlineData("9998-12-31T00:00:00Z", "876000h")]
    [InlineData("9899-12-31T00:00:00Z", "878400h")]
    [InlineData("0001-01-01T00:00:00Z", "-878400h")]
    public async Task Sign_ValidityOutOfTheCalendar_Is400BeforeAnythingElse(string notBefore, string notAfter)
    {
        (await SignAsync("no csr", "no token", ("notBefore", notBefore), ("notAfter", notAfter))).ShouldBeRefused(400, BadRequest + "error decoding json.");
    }

    [SkippableFact]
    public async Task Sign_DurationsOfACenturyBack_IsInThePast()
    {
        var reply = await SignAsync(Csr("a.test", "a.test"), _ca.Token("a.test"), ("notBefore", "1971-01-01T00:00:00Z"), ("notAfter", "-878400h"));

        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Message.ShouldStartWith(BadRequest + "notAfter cannot be in the past; na=1870-");
    }

    [SkippableFact]
    public async Task Sign_NotAfterInThePast_Is400()
    {
        var reply = await SignAsync(Csr("a.test", "a.test"), _ca.Token("a.test"), ("notAfter", "-1h"));

        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Message.ShouldStartWith(BadRequest + "notAfter cannot be in the past; na=");
    }

    [SkippableFact]
    public async Task Sign_NotAfterBeforeNotBefore_Is400()
    {
        var reply = await SignAsync(Csr("a.test", "a.test"), _ca.Token("a.test"), ("notBefore", "2h"), ("notAfter", InHours(1)));

        reply.Status.ShouldBe(HttpStatusCode.BadRequest);
        reply.Message.ShouldStartWith(BadRequest + "notAfter cannot be before notBefore; na=");
    }

    [SkippableFact]
    public async Task Sign_EarlyNotBefore_StaysWithinTheMaximum()
    {
        (await SignAsync(Csr("a.test", "a.test"), _ca.Token("a.test"), ("notBefore", "-8760h"), ("notAfter", InHours(24)))).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Sign_DurationAfterALaterBeginning_CountsFromThere()
    {
        var reply = await SignAsync(Csr("a.test", "a.test"), _ca.Token("a.test"), ("notBefore", "2h"), ("notAfter", "1h"));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        (reply.Certificate.NotAfter - reply.Certificate.NotBefore).ShouldBe(TimeSpan.FromHours(1));
    }

    [SkippableFact]
    public async Task Sign_ShorterValidity_IsGiven()
    {
        var reply = await SignAsync(Csr("a.test", "a.test"), _ca.Token("a.test"), ("notBefore", ""), ("notAfter", "1h30m"));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        (reply.Certificate.NotAfter - reply.Certificate.NotBefore).ShouldBe(TimeSpan.FromMinutes(91));
    }

    [SkippableFact]
    public async Task Sign_Rsa1024_Is403()
    {
        using var rsa = RSA.Create(1024);
        var csr = new CertificateRequest("CN=a.test", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem();

        (await SignAsync(csr, _ca.Token("a.test"))).ShouldBeRefused(403, Forbidden + "certificate request RSA key must be at least 2048 bits (256 bytes).");
    }

    [SkippableFact]
    public async Task Sign_Rsa2048_GetsKeyEncipherment()
    {
        using var rsa = RSA.Create(2048);
        var csr = new CertificateRequest("CN=a.test", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem();

        var reply = await SignAsync(csr, _ca.Token("a.test"));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        Pki.ParsedCertificate.Parse(reply.Certificate.RawDataMemory).KeyUsages.ShouldBe(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment);
    }

    [SkippableFact]
    public async Task Sign_Sha1Csr_Is400()
    {
        (await SignAsync(await OpenSslCsrAsync("rsa:2048", "-sha1"), _ca.Token("a.test"))).ShouldBeRefused(400, BadRequest + "invalid csr: The signature's hash is not allowed: SHA-256, SHA-384 or SHA-512 only.");
    }

    [SkippableFact]
    public async Task Sign_P224_Is403()
    {
        (await SignAsync(await OpenSslCsrAsync("ec", "-pkeyopt", "ec_paramgen_curve:secp224r1"), _ca.Token("a.test"))).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task Sign_CsrAsksForCa_Is403()
    {
        using var key = StepCaCalls.NewKey();
        var request = new CertificateRequest("CN=a.test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));

        (await SignAsync(request.CreateSigningRequestPem(), _ca.Token("a.test"))).Status.ShouldBe(HttpStatusCode.Forbidden);
    }

    [SkippableTheory]
    [InlineData("vhost:user")]
    [InlineData("a\nb")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789")]
    public async Task Sign_HostileCommonName_Is403(string cn)
    {
        var reply = await SignAsync(Csr(null, "a.test"), _ca.Token(cn, "a.test"));

        reply.Status.ShouldBe(HttpStatusCode.Forbidden, reply.Body);
    }

    [SkippableFact]
    public async Task Sign_BodyOf2MiB_Is413AndNotRead()
    {
        using var client = _ca.Client();
        client.DefaultRequestHeaders.ExpectContinue = true; // waits for the answer before it sends the body: never a broken pipe

        var reply = await client.SendAsync("/1.0/sign", "{\"csr\":\"" + new string('A', 2 * 1024 * 1024) + "\"}");

        reply.ShouldBeRefused(413, BadRequest + "request body too large.");
    }

    [SkippableFact]
    public async Task Sign_ChunkedBodyOver64KiB_Is413()
    {
        using var client = _ca.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sign") { Content = new StringContent(new string(' ', 70_000)) };
        request.Headers.TransferEncodingChunked = true;

        using var response = await client.SendAsync(request);

        (await StepCaReply.ReadAsync(response)).ShouldBeRefused(413, BadRequest + "request body too large.");
    }

    [SkippableFact]
    public async Task Sign_DeeplyNestedJson_Is400()
    {
        using var client = _ca.Client();

        (await client.SendAsync("/sign", "{\"x\":" + new string('[', 30_000) + new string(']', 30_000) + "}")).ShouldBeRefused(400, BadRequest + "error decoding json.");
    }

    [SkippableFact]
    public async Task Sign_TemplateData_IsIgnored()
    {
        using var client = _ca.Client();
        var body = new JsonObject { ["csr"] = Csr("a.test", "a.test"), ["ott"] = _ca.Token("a.test"), ["templateData"] = new JsonObject { ["isCA"] = true } };

        var reply = await client.SendAsync("/sign", body.ToJsonString());

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        Pki.ParsedCertificate.Parse(reply.Certificate.RawDataMemory).IsCa.ShouldBeFalse();
    }

    private static async Task<string> OpenSslCsrAsync(string key, params string[] options)
    {
        var openssl = Requires.Tool("openssl");
        using var folder = new TempFolder();
        (await Tools.RunAsync(openssl, ["req", "-new", "-newkey", key, .. options, "-nodes", "-keyout", folder.Combine("k"), "-subj", "/CN=a.test", "-out", folder.Combine("csr")])).EnsureSuccess();
        return await File.ReadAllTextAsync(folder.Combine("csr"));
    }

    private static string InHours(int hours) => TimeProvider.System.GetUtcNow().AddHours(hours).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static string Csr(string? cn, params string[] sans)
    {
        using var key = StepCaCalls.NewKey();
        return StepCaCalls.Csr(key, cn, sans);
    }

    private async Task<StepCaReply> SignAsync(string csr, string token, params (string Name, string Value)[] more)
    {
        using var client = _ca.Client();
        return await client.SignAsync(csr, token, more);
    }
}
