using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Tests.Requests;

/// <summary>Requests as a foreign program makes them.</summary>
public sealed class OpenSslCsrTests
{
    [SkippableTheory]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-256", "-sha256", KeyKind.P256)]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-256", "-sha512", KeyKind.P256)]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-384", "-sha384", KeyKind.P384)]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-521", "-sha256", KeyKind.P521)]
    [InlineData("rsa:2048", "-sha256", KeyKind.Rsa2048OrMore)]
    [InlineData("rsa:3072", "-sha384", KeyKind.Rsa2048OrMore)]
    [InlineData("rsa:2048", "-sha512", KeyKind.Rsa2048OrMore)]
    [InlineData("ed25519", "-sha256", KeyKind.Ed25519)]
    public async Task ParsePem_AllowedKeyAndHash_IsAccepted(string key, string hash, KeyKind kind)
    {
        var csr = CertificateSigningRequest.ParsePem(await RequestAsync(
            key, hash, "/C=DE/O=Acme/CN=device-1",
            "-addext", "subjectAltName=DNS:device-1,IP:10.0.0.1,IP:::1,URI:spiffe://acme.iotplatform.internal/device/device-1,email:a@example.com",
            "-addext", "keyUsage=critical,digitalSignature"));

        csr.Key.ShouldBe(kind);
        csr.RequestsCa.ShouldBeFalse();
        csr.Names.CommonName.ShouldBe("device-1");
        csr.Names.AllSans.ShouldBe(["device-1", "10.0.0.1", "::1", "a@example.com", "spiffe://acme.iotplatform.internal/device/device-1"]);
    }

    [SkippableTheory]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-224", "-sha256", PkiError.UnsupportedKey)]
    [InlineData("ec -pkeyopt ec_paramgen_curve:secp256k1", "-sha256", PkiError.UnsupportedKey)]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "-sha256", PkiError.UnsupportedKey)]
    [InlineData("ec -pkeyopt ec_paramgen_curve:P-256", "-sha1", PkiError.WeakHash)]
    [InlineData("rsa:2048", "-sha1", PkiError.WeakHash)]
    [InlineData("rsa:2048", "-md5", PkiError.WeakHash)]
    [InlineData("rsa:1024", "-sha256", PkiError.WeakKey)]
    [InlineData("rsa:2048 -pkeyopt rsa_keygen_pubexp:3", "-sha256", PkiError.WeakKey)]
    [InlineData("rsa:2048 -sigopt rsa_padding_mode:pss", "-sha256", PkiError.UnsupportedKey)]
    [InlineData("ed448", "-sha256", PkiError.UnsupportedKey)]
    public async Task ParsePem_KeyOrHashOffTheList_IsRefused(string key, string hash, PkiError error)
    {
        var pem = await RequestAsync(key, hash, "/CN=device-1");
        ((Action)(() => CertificateSigningRequest.ParsePem(pem))).ShouldBeRefused(error);
    }

    [SkippableFact]
    public async Task ParsePem_CaTrue_IsReportedToTheCaller() =>
        CertificateSigningRequest.ParsePem(await RequestAsync("ed25519", "-sha256", "/CN=x", "-addext", "basicConstraints=critical,CA:TRUE")).RequestsCa.ShouldBeTrue();

    [SkippableFact]
    public async Task ParsePem_DamagedEd25519Signature_IsRefused()
    {
        var der = CertificateSigningRequest.ParsePem(await RequestAsync("ed25519", "-sha256", "/CN=x")).Der.ToArray();
        der[^1] ^= 1;
        ((Action)(() => CertificateSigningRequest.ParseDer(der))).ShouldBeRefused(PkiError.BadSignature);
    }

    [SkippableFact]
    public async Task CreatePem_OpenSsl_Verifies()
    {
        var openssl = Requires.Tool("openssl");
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP384);
        var pem = CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = "device-1", Dns = ["device-1"] });

        var result = (await Tools.RunAsync(openssl, ["req", "-verify", "-noout", "-text"], pem)).EnsureSuccess();

        result.Output.ShouldContain("Subject: CN = device-1");
        result.Output.ShouldContain("DNS:device-1");
        result.Output.ShouldContain("ecdsa-with-SHA384");
    }

    private static async Task<string> RequestAsync(string key, string hash, string subject, params string[] more)
    {
        var openssl = Requires.Tool("openssl");
        using var folder = new TempFolder();
        return (await Tools.RunAsync(openssl, ["req", "-new", "-nodes", hash, "-keyout", folder.Combine("key.pem"), "-subj", subject, "-newkey", .. key.Split(' '), .. more]))
            .EnsureSuccess().Output;
    }
}
