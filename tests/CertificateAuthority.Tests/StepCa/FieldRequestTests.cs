using System.Net;
using System.Text.Json.Nodes;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>Requests as devices of the field send them, over HTTP: signed as step-ca 0.19.0 signs them, with nothing of their encoding in the certificate.</summary>
public sealed class FieldRequestTests(StepCaHost fixture) : IClassFixture<StepCaHost>
{
    private const string Device = "dev-1.example";

    private readonly CaHost _ca = fixture.Ca;

    [SkippableTheory]
    [InlineData("bc-cafalse-explicit.csr")]
    [InlineData("crit-false-explicit.csr")]
    [InlineData("ecdsa-sigalg-with-null.csr")]
    [InlineData("extreq-empty-set.csr")]
    [InlineData("ku-nonminimal.csr")]
    [InlineData("rdn-multi-unsorted.csr")]
    [InlineData("rsa-sigalg-absent-null.csr")]
    [InlineData("version-1.csr")]
    [InlineData("version-2.csr")]
    [InlineData("cn-bmp.csr")]
    [InlineData("cn-t61.csr")]
    [InlineData("cn-empty-string.csr")]
    [InlineData("two-cn.csr")]
    [InlineData("rsa-pss.csr")]
    [InlineData("san-dirname.csr")]
    [InlineData("san-rid.csr")]
    [InlineData("san-upn.csr")]
    [InlineData("san-upn-only.csr")]
    [InlineData("san-ip4mapped.csr", Device, "10.1.2.3")]
    [InlineData("san-srv-like.csr", Device, "_mqtt._tcp.example")]
    [InlineData("san-underscore.csr", "my_device_1", "my_device_1")]
    [InlineData("san-uri-opctcp.csr", Device, "opc.tcp://plc-1.example:4840/ua")]
    [InlineData("san-uri-urn-short.csr", Device, "urn:x")]
    public async Task Sign_AsDevicesSendIt_GetsTheTokensNamesAndIsListed(string file, string subject = Device, string san = Device)
    {
        using var client = _ca.Client();

        var reply = await client.SignAsync(Read(file), _ca.Token(subject, san));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        var parsed = ParsedCertificate.Parse(reply.Certificate.RawDataMemory);
        parsed.Names.CommonName.ShouldBe(subject);
        parsed.Names.AllSans.ShouldBe([san]);
        var listed = await _ca.Authority.ListAsync(new CertificateQuery { Text = SerialNumber.ToDecimal(parsed.SerialNumber.Span) }, CancellationToken.None);
        listed.Items.ShouldHaveSingleItem().Sans.ShouldBe([san]);
    }

    [SkippableFact]
    public async Task Sign_TrailingDot_Is403WithTheReason()
    {
        using var client = _ca.Client();

        var reply = await client.SignAsync(Read("san-trailing-dot.csr"), _ca.Token(Device, Device + "."));

        reply.Status.ShouldBe(HttpStatusCode.Forbidden, reply.Body);
        reply.Message.ShouldContain("without a dot at the end");
        _ca.Logs.Text.ShouldContain("without a dot at the end");
    }

    [SkippableTheory]
    [InlineData("::1", "::1", "no ':' (so no IPv6 address)")]
    [InlineData(Device, "localhost:8080", "'host:port'")]
    [InlineData(Device, "https://user@example.com/", "a user before its host")]
    [InlineData(Device, "https:///x", "no host after '//'")]
    [InlineData(Device, "x y", "A DNS name is not well-formed")]
    public async Task Sign_NamesThatStepCaSigns_AreRefusedWithTheReason(string subject, string san, string reason)
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();

        var reply = await client.SignAsync(CertificateSigningRequest.CreatePem(key, new SubjectNames()), _ca.Token(subject, san));

        reply.Status.ShouldBe(HttpStatusCode.Forbidden, reply.Body);
        reply.Message.ShouldContain(reason);
    }

    [SkippableFact]
    public async Task Sign_NamesTwice_AreCertifiedOnce()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();

        var reply = await client.SignAsync(CertificateSigningRequest.CreatePem(key, new SubjectNames { Dns = [Device, Device] }), _ca.Token(Device, Device, Device));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        SubjectNames.FromCertificate(reply.Certificate).Dns.ShouldBe([Device]);
    }

    [SkippableFact]
    public async Task Sign_DnsNameInOtherCase_IsTheTokens()
    {
        using var client = _ca.Client();
        using var key = StepCaCalls.NewKey();

        var reply = await client.SignAsync(StepCaCalls.Csr(key, null, "DEV-1.example"), _ca.Token(Device));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        SubjectNames.FromCertificate(reply.Certificate).Dns.ShouldBe([Device]);
    }

    [SkippableTheory]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\n", "-----BEGIN CERTIFICATE REQUEST-----\nProc-Type: 4,X\n\n")]
    [InlineData("CERTIFICATE REQUEST", "FOO")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----", "text\n-----BEGIN CERTIFICATE REQUEST-----")]
    public async Task Sign_PemWithHeadersOrAnotherLabelOrText_Is400(string from, string to)
    {
        using var client = _ca.Client();

        var reply = await client.SignAsync(Read("version-1.csr").Replace(from, to, StringComparison.Ordinal), _ca.Token(Device));

        reply.ShouldBeRefusedBecause(400, "The request could not be completed: error decoding json: Expected ");
    }

    [SkippableTheory]
    [InlineData("/1.0/sign/")]
    [InlineData("/1.0/Sign")]
    [InlineData("/SIGN")]
    public async Task Sign_PathInAnotherSpelling_IsServed(string path)
    {
        using var client = _ca.Client();

        var reply = await client.SendAsync(path, new JsonObject { ["csr"] = Read("version-1.csr"), ["ott"] = _ca.Token(Device) }.ToJsonString());

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
    }

    [SkippableFact]
    public async Task Sign_JsonNested65Deep_Is400()
    {
        using var client = _ca.Client();
        var body = new JsonObject { ["csr"] = Read("version-1.csr"), ["ott"] = _ca.Token(Device) }.ToJsonString()[..^1] + ",\"x\":";

        (await client.SendAsync("/sign", body + new string('[', 64) + new string(']', 64) + "}")).ShouldBeRefusedBecause(400, "The request could not be completed: error decoding json");
        (await client.SendAsync("/sign", body + new string('[', 62) + new string(']', 62) + "}")).Status.ShouldBe(HttpStatusCode.Created);
    }

    [SkippableTheory]
    [InlineData("notAfter", "0")]
    [InlineData("notAfter", "0s")]
    public async Task Sign_ValidityOfZero_IsAsIfNotAsked(string name, string value)
    {
        using var client = _ca.Client();

        var reply = await client.SignAsync(Read("version-1.csr"), _ca.Token(Device), (name, value));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        (reply.Certificate.NotAfter - reply.Certificate.NotBefore).ShouldBe(TimeSpan.FromHours(24) + TimeSpan.FromMinutes(1));
    }

    [SkippableFact]
    public async Task Sign_NotBeforeEarlierThanTheIssuers_IsNotMoved()
    {
        using var client = _ca.Client();
        var asked = new DateTimeOffset(_ca.Authority.Chain.Issuer.NotBefore.ToUniversalTime()).AddHours(-2);

        var reply = await client.SignAsync(Read("version-1.csr"), _ca.Token(Device), ("notBefore", asked.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)));

        reply.Status.ShouldBe(HttpStatusCode.Created, reply.Body);
        ParsedCertificate.Parse(reply.Certificate.RawDataMemory).NotBefore.ShouldBe(asked);
    }

    /// <summary>Every mutation gets an answer, and none of them 500.</summary>
    [SkippableFact]
    public async Task Sign_DamagedRequests_AreAnswered()
    {
        using var client = _ca.Client();
        var seed = 1u;
        foreach (var file in Directory.EnumerateFiles(Folder, "*.csr").Order(StringComparer.Ordinal))
        {
            for (var round = 0; round < 12; round++)
            {
                var der = Convert.FromBase64String(string.Concat(Read(Path.GetFileName(file)).Split('\n').Where(line => !line.StartsWith('-'))));
                for (var i = 0; i < 3; i++)
                {
                    der[Next(ref seed) % der.Length] = (byte)Next(ref seed);
                }

                var pem = new string(System.Security.Cryptography.PemEncoding.Write("CERTIFICATE REQUEST", der));
                var reply = await client.SignAsync(pem, _ca.Token(Device));
                ((int)reply.Status).ShouldBeOneOf(201, 400, 403);
                reply.ContentType.ShouldBe("application/json");
            }
        }
    }

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Requests");

    private static string Read(string file) => File.ReadAllText(Path.Combine(Folder, file));

    // xorshift: the same numbers on every run.
    private static int Next(ref uint state)
    {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return (int)(state >> 1);
    }
}
