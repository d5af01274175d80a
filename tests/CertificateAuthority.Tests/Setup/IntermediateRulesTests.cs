using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using SerialNumber = IoTPlatform.Pki.SerialNumber;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>What a root of others may have signed, one fault at a time.</summary>
public sealed class IntermediateRulesTests : IDisposable
{
    private const string Name = "IoTPlatform Intermediate CA";
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public void Dispose()
    {
        _rootKey.Dispose();
        _key.Dispose();
    }

    [Fact]
    public void Check_AsAskedFor_IsTheChain()
    {
        using var root = Root();
        using var intermediate = Intermediate(root);

        var chain = Check([intermediate, root], root);

        (chain.Issuer, chain.Root).ShouldBe((intermediate, root));
        Check([intermediate, root, root], root).Certificates.Length.ShouldBe(2, "step-ca sends its signing certificate, and the client adds the root");
        using var unlimited = Root(pathLength: null);
        using var below = Intermediate(unlimited);
        Check([below, unlimited], unlimited).Root.ShouldBe(unlimited);
    }

    [Fact]
    public void Check_RootOfAnotherFingerprint_IsRefused()
    {
        using var root = Root();
        using var other = Root();
        using var intermediate = Intermediate(root);

        Refusal([intermediate, root], other).ShouldContain("its root is not the one with the fingerprint");
    }

    [Fact]
    public void Check_SignedByACaBelowTheRoot_IsRefused()
    {
        using var root = Root(pathLength: null);
        using var between = Sign(root, "Example Intermediate CA", Ca(2));
        using var signing = between.CopyWithPrivateKey(_key);
        using var intermediate = Sign(signing, Name, Ca(1));

        Refusal([intermediate, between, root], root).ShouldContain("'CN=Example Intermediate CA' has signed it, and not the root");
    }

    [Fact]
    public void Check_TheRootAlone_IsRefused()
    {
        using var root = Root();

        Refusal([root], root).ShouldContain("there is the root alone");
    }

    [Fact]
    public void Check_AnotherKey_IsRefused()
    {
        using var root = Root();
        using var intermediate = Intermediate(root);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Should.Throw<PkiException>(() => IntermediateRules.Check([intermediate, root], other.ExportSubjectPublicKeyInfo(), Name, Fingerprint.Of(root), Now)).Message.ShouldContain("for another key");
    }

    [Fact]
    public void Check_SignatureOfAnotherRootOfThatName_IsRefused()
    {
        using var root = Root();
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var other = Root(key: otherKey);
        using var intermediate = Intermediate(other);

        Refusal([intermediate, root], root).ShouldContain("it does not verify");
    }

    [Theory]
    [InlineData("leaf", "it is no CA's")]
    [InlineData("path length 0", "its path length is 0, and must be 1")]
    [InlineData("path length 2", "its path length is 2, and must be 1")]
    [InlineData("path length unlimited", "its path length is not limited, and must be 1")]
    [InlineData("no lists", "certSign and cRLSign")]
    [InlineData("no key usage", "certSign and cRLSign")]
    [InlineData("another name", "its common name is not")]
    [InlineData("organisation", "its subject has more than a common name")]
    [InlineData("alternative name", "it has alternative names")]
    [InlineData("alternative name of another kind", "it has alternative names")]
    [InlineData("usages", "it has an extended key usage")]
    [InlineData("name constraints", "it has name constraints")]
    [InlineData("a day", "has to last 90 days")]
    [InlineData("outlives its root", "it outlives its root")]
    [InlineData("not yet", "it does not verify: not valid before")]
    [InlineData("unknown critical extension", "it does not verify")]
    public void Check_Otherwise_IsRefused(string fault, string expected)
    {
        using var root = Root();
        using var intermediate = fault switch
        {
            "leaf" => Intermediate(root, []),
            "path length 0" => Intermediate(root, Ca(0)),
            "path length 2" => Intermediate(root, Ca(2)),
            "path length unlimited" => Intermediate(root, Ca(null)),
            "no lists" => Intermediate(root, [Ca(1)[0], new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true)]),
            "no key usage" => Intermediate(root, [Ca(1)[0]]),
            "another name" => Sign(root, "Another Intermediate CA", Ca(1)),
            "organisation" => Sign(root, Name + ", O=Example", Ca(1)),
            // registeredID 1.2.3
            "alternative name of another kind" => Intermediate(root, [.. Ca(1), new X509Extension("2.5.29.17", Convert.FromHexString("300488022A03"), critical: false)]),
            "alternative name" => Intermediate(root, [.. Ca(1), AlternativeName()]),
            "usages" => Intermediate(root, [.. Ca(1), new X509EnhancedKeyUsageExtension([new Oid(Oids.ClientAuth)], critical: false)]),
            // permittedSubtrees: uniformResourceIdentifier x.test
            "name constraints" => Intermediate(root, [.. Ca(1), new X509Extension("2.5.29.30", Convert.FromHexString("300CA00A30088606782E74657374"), critical: true)]),
            "a day" => Intermediate(root, days: 1),
            "outlives its root" => Intermediate(root, days: 5000),
            "not yet" => Intermediate(root, from: Now.AddDays(1)),
            _ => Intermediate(root, [.. Ca(1), new X509Extension("1.2.3.4", [5, 0], critical: true)]),
        };

        Refusal([intermediate, root], root).ShouldContain(expected);
    }

    [Theory]
    [InlineData(1, "path length 1, and needs 2")]
    [InlineData(0, "path length 0, and needs 2")]
    public void Check_RootWithNoPlaceForSubCas_IsRefused(int pathLength, string expected)
    {
        using var root = Root(pathLength);
        using var intermediate = Intermediate(root);

        Refusal([intermediate, root], root).ShouldContain(expected);
    }

    [Fact]
    public void Check_RootThatSignsNoLists_IsRefused()
    {
        using var root = Root(usages: X509KeyUsageFlags.KeyCertSign);
        using var intermediate = Intermediate(root);

        Refusal([intermediate, root], root).ShouldContain("the key usage of its root does not have cRLSign");
    }

    private CertificateChain Check(X509Certificate2[] sent, X509Certificate2 root) => IntermediateRules.Check(sent, _key.ExportSubjectPublicKeyInfo(), Name, Fingerprint.Of(root), Now);

    private string Refusal(X509Certificate2[] sent, X509Certificate2 root) => Should.Throw<PkiException>(() => Check(sent, root)).Message;

    private X509Certificate2 Root(int? pathLength = 2, ECDsa? key = null, X509KeyUsageFlags usages = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign)
    {
        var request = new CertificateRequest("CN=Example Root CA", key ?? _rootKey, HashAlgorithmName.SHA384);
        foreach (var extension in Ca(pathLength, usages))
        {
            request.CertificateExtensions.Add(extension);
        }

        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.Create(request.SubjectName, X509SignatureGenerator.CreateForECDsa(key ?? _rootKey), Now.AddYears(-1), Now.AddYears(9), SerialNumber.Create(DateTimeOffset.UnixEpoch)).CopyWithPrivateKey(key ?? _rootKey);
    }

    private X509Certificate2 Intermediate(X509Certificate2 root, X509Extension[]? extensions = null, int days = 1825, DateTimeOffset? from = null) => Sign(root, Name, extensions ?? Ca(1), days, from);

    private X509Certificate2 Sign(X509Certificate2 issuer, string name, X509Extension[] extensions, int days = 1825, DateTimeOffset? from = null)
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        foreach (var extension in extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        // Not by Create(issuer, …), which would not let it outlive the issuer.
        using var issuerKey = issuer.GetECDsaPrivateKey()!;
        return request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), from ?? Now.AddMinutes(-1), Now.AddDays(days), SerialNumber.Create(DateTimeOffset.UnixEpoch));
    }

    private static X509Extension[] Ca(int? pathLength, X509KeyUsageFlags usages = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign) =>
    [
        new X509BasicConstraintsExtension(certificateAuthority: true, pathLength is not null, pathLength ?? 0, critical: true),
        new X509KeyUsageExtension(usages, critical: true),
    ];

    private static X509Extension AlternativeName()
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("ca.test");
        return names.Build();
    }
}
