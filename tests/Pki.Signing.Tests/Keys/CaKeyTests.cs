using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Pki.Signing.Tests.Keys;

public sealed class CaKeyTests
{
    [Theory]
    [InlineData(KeyKind.Rsa2048OrMore)]
    [InlineData(KeyKind.Ed25519)]
    public void Generate_NotAnEcKind_IsRefused(KeyKind kind) => ((Action)(() => CaKey.Generate(kind))).ShouldBeRefused(PkiError.UnsupportedKey);

    [Fact]
    public void SubjectPublicKeyInfo_ChangedByTheCaller_DoesNotChangeTheKey()
    {
        using var key = CaKey.Generate(KeyKind.P256);
        Array.Clear(key.SubjectPublicKeyInfo);
        key.SubjectPublicKeyInfo[0].ShouldBe((byte)0x30);
    }

    [Fact]
    public void CreateCsrPem_Parses_WithTheKey()
    {
        using var key = CaKey.Generate(KeyKind.P384);
        var csr = CertificateSigningRequest.ParsePem(key.CreateCsrPem(new SubjectNames { CommonName = "acme Sub-CA" }));
        csr.SubjectPublicKeyInfo.ToArray().ShouldBe(key.SubjectPublicKeyInfo);
        csr.Names.CommonName.ShouldBe("acme Sub-CA");
    }

    [Theory]
    [InlineData(KeyKind.P256, "ES256", 64)]
    [InlineData(KeyKind.P384, "ES384", 96)]
    [InlineData(KeyKind.P521, "ES512", 132)]
    public void SignProof_JoseInput_IsTheJoseSignature(KeyKind kind, string algorithm, int length)
    {
        using var key = CaKey.Generate(kind);
        var input = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhY21lIn0"u8;

        var signature = key.SignProof(input);

        key.ProofAlgorithm.ShouldBe(algorithm);
        signature.Length.ShouldBe(length);
        using var verifier = ECDsa.Create();
        verifier.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo, out _);
        var hash = kind switch { KeyKind.P256 => HashAlgorithmName.SHA256, KeyKind.P384 => HashAlgorithmName.SHA384, _ => HashAlgorithmName.SHA512 };
        verifier.VerifyData(input, signature, hash).ShouldBeTrue();
    }

    [Theory]
    [InlineData("")]
    [InlineData("eyJ")]
    [InlineData("0yJ.eyJ")]
    [InlineData("eyJ.eyJ.eyJ")]
    [InlineData("eyJ.ey J")]
    [InlineData("eyJ.eyJ=")]
    [InlineData("eyJ.\u00e9")]
    public void SignProof_NotAJoseInput_IsRefused(string input)
    {
        using var key = CaKey.Generate(KeyKind.P256);
        ((Action)(() => key.SignProof(Encoding.UTF8.GetBytes(input)))).ShouldBeRefused(PkiError.NotSignable);
    }

    [Fact]
    public void SignProof_CertificateOrRequestContent_IsRefused()
    {
        using var pki = new Hierarchy();
        using var key = CaKey.Generate(KeyKind.P256);
        var tbs = pki.Acme.Prepare(pki.Template(Profiles.Device, Hierarchy.DeviceNames())).TbsCertificate;
        var csr = CertificateSigningRequest.ParsePem(key.CreateCsrPem(new SubjectNames { CommonName = "x" })).Der;

        ((Action)(() => key.SignProof(tbs.Span))).ShouldBeRefused(PkiError.NotSignable);
        ((Action)(() => key.SignProof(csr.Span))).ShouldBeRefused(PkiError.NotSignable);
        ((Action)(() => key.SignProof(new byte[20000]))).ShouldBeRefused(PkiError.NotSignable);
    }

    [Fact]
    public void Dispose_AfterUse_KeyIsGone()
    {
        var key = CaKey.Generate(KeyKind.P256);
        key.SignProof("eyJ.eyJ"u8);
        key.Dispose();
        Should.Throw<ObjectDisposedException>(() => key.SignProof("eyJ.eyJ"u8));
        Should.Throw<ObjectDisposedException>(() => key.CreateCsrPem(new SubjectNames { CommonName = "x" }));
    }
}
