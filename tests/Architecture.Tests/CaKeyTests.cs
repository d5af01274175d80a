namespace IoTPlatform.Architecture.Tests;

/// <summary>CA private keys live in Pki.Signing; what can be seen of that in the source text.</summary>
public sealed class CaKeyTests
{
    [Fact]
    public void PkiSigning_NeverGivesAPrivateKeyAway()
        => Lines(Repository.Module("Pki.Signing"), @"^\s*public\b[^={]*\b(ECDsa|ECDiffieHellman|RSA|AsymmetricAlgorithm|ECParameters|RSAParameters|SafeEvpPKeyHandle)\b")
            .ShouldBeEmpty();

    [Fact]
    public void OnlyPkiSigning_SignsCertificates()
        => Outside(["Pki.Signing"], @"\bX509SignatureGenerator\b|\.CreateSelfSigned\(|\bCertificateRevocationListBuilder\b").ShouldBeEmpty();

    [Fact]
    public void OnlyPkiSigning_OpensEncryptedKeys()
        => Outside(["Pki.Signing"], @"\bEncryptedPkcs8|\bFromEncryptedPem\b|EncryptedPkcs8PrivateKeyPem").ShouldBeEmpty();

    [Fact]
    public void OnlyTheCertificateAuthority_HoldsASigner()
        => Outside(["Pki.Signing", "CertificateAuthority"], @"\bCaSigner\b").ShouldBeEmpty();

    [Fact]
    public void Foundation_BelowPkiSigning_DoesNotKnowCaKeys()
        => Outside(["Pki.Signing", "CertificateAuthority", "Tenant", "Iot"], @"\bCaKey(File)?\b").ShouldBeEmpty();

    private static IEnumerable<string> Outside(string[] modules, string pattern)
        => Repository.Product.Where(project => !modules.Contains(project.Name)).SelectMany(project => Lines(project, pattern));

    private static IEnumerable<string> Lines(Project project, string pattern)
        => from file in project.Sources
           from line in file.Code.Split('\n')
           where (file with { Code = line }).Mentions(pattern)
           select $"{file.Path}: {line.Trim()}";
}
