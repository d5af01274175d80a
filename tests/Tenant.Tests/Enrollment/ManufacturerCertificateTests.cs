using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki.Files;
using IoTPlatform.Tenant.Features.Enrollment;
using IoTPlatform.Testing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Tenant.Tests.Enrollment;

/// <summary>
/// Manufacturer certificates as they come out of factories. Data holds NAME.pem (the device's, with what it sends after it) and
/// NAME.root.pem; <c>openssl verify -CAfile NAME.root.pem -untrusted NAME.pem NAME.pem</c> accepts each.
/// </summary>
public sealed class ManufacturerCertificateTests
{
    private readonly LogCapture _logs = new();

    [Theory]
    [InlineData("bc-cafalse-explicit", "idev-12")]
    [InlineData("critical-false-explicit", "idev-11")]
    [InlineData("generalizedtime-before-2050", "idev-14")]
    [InlineData("intermediate-sent-in-tls", "idev-25")]
    [InlineData("ku-nonminimal", "idev-26")]
    [InlineData("multivalued-rdn-sn", "idev-04")]
    [InlineData("no-extensions", "idev-27")]
    [InlineData("root-rsa1024", "idev-19")]
    [InlineData("sha1-root", "idev-03")]
    [InlineData("t61-cn-leaf", "idev-07")]
    [InlineData("t61-cn-root", "idev-08")]
    [InlineData("two-cn", "idev-20")]
    [InlineData("v1-root", "idev-10")]
    public void Authorize_AsFactoriesMakeThem_IsAccepted(string name, string deviceId)
    {
        var grant = Authorize(name, deviceId);

        grant.IsBoundToDevice.ShouldBeTrue();
        grant.Manufacturer.ShouldNotBeNull();
    }

    [Fact]
    public void Load_RootWithARsaKeyOf1024Bits_IsWarnedOf()
    {
        Authorize("root-rsa1024", "idev-19");

        _logs.Text.ShouldContain("RSA key of fewer than 2048 bits");
    }

    [Theory]
    [InlineData("two-cn", "idev-21", "no common name or serialNumber attribute in it is the device id")]
    [InlineData("v1-root", "idev-11", "no common name or serialNumber attribute in it is the device id")]
    public void Authorize_AnotherDevice_IsRefused(string name, string deviceId, string reason) => ShouldBeRefused(() => Authorize(name, deviceId), reason);

    [Fact]
    public void Authorize_AfterItsEndInUtc_IsRefused()
    {
        ShouldBeRefused(() => Authorize("two-cn", "idev-20", Valid.AddDays(400)), "a certificate ended at");
        ShouldBeRefused(() => Authorize("two-cn", "idev-20", Valid.AddYears(-1)), "a certificate is not valid before");
    }

    [Fact]
    public void Authorize_WithoutTheIntermediateOfTheHandshake_IsRefused() =>
        ShouldBeRefused(() => Subject("intermediate-sent-in-tls", Valid).Authorize(Certificates("intermediate-sent-in-tls")[0], [], "idev-25"), "does not verify: PartialChain");

    [SkippableTheory]
    [InlineData("sha1")]
    [InlineData("md5")]
    public void Authorize_LeafSignedWithAWeakHash_IsRefused(string hash)
    {
        var openssl = Requires.Tool("openssl");
        using var folder = new TempFolder();
        var leaf = Issue(openssl, folder, "/CN=weak-1", hash, "-days", "30");

        ShouldBeRefused(() => Made(folder).Authorize(leaf, [], "weak-1"), "The signature's hash is not allowed");
    }

    [Fact]
    public void Authorize_DeviceCertificateUsedAsACa_IsRefused()
    {
        using var root = new ManufacturerCa("CN=Root");
        using var deviceKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var device = root.Issue("CN=honest", deviceKey: deviceKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var forged = new CertificateRequest("CN=victim", key, HashAlgorithmName.SHA256)
            .Create(device.SubjectName, X509SignatureGenerator.CreateForECDsa(deviceKey), now.AddHours(-1), now.AddDays(1), [1, 2, 3, 4, 5, 6, 7, 8]);
        using var folder = new TempFolder();
        File.WriteAllText(folder.Combine("ca.pem"), root.Certificate.ExportCertificatePem());

        ShouldBeRefused(() => Load(folder.Combine("ca.pem"), now).Authorize(forged, [device.RawData], "victim"), "does not verify");
    }

    [Fact]
    public void Authorize_DamagedIssuersOfTheHandshake_AreRefusedButNeverFail()
    {
        var certificates = Certificates("intermediate-sent-in-tls");
        var subject = Subject("intermediate-sent-in-tls", Valid);
        for (var i = 0; i < certificates[1].RawData.Length; i += 3)
        {
            var damaged = certificates[1].RawData;
            damaged[i] ^= 0x41;
            try
            {
                subject.Authorize(certificates[0], [damaged], "idev-25");
            }
            catch (ProblemException e)
            {
                e.Code.ShouldBe("manufacturer_certificate_refused");
            }
        }
    }

    private static readonly DateTimeOffset Valid = new(2026, 12, 1, 0, 0, 0, TimeSpan.Zero);

    private EnrollmentGrant Authorize(string name, string deviceId, DateTimeOffset? at = null)
    {
        var certificates = Certificates(name);
        return Subject(name, at ?? Valid).Authorize(certificates[0], [.. certificates.Skip(1).Select(c => c.RawData)], deviceId);
    }

    private ManufacturerCertificates Subject(string name, DateTimeOffset at) => Load(Data(name + ".root.pem"), at);

    private ManufacturerCertificates Made(TempFolder folder) => Load(folder.Combine("ca.pem"), TimeProvider.System.GetUtcNow());

    private ManufacturerCertificates Load(string file, DateTimeOffset at)
    {
        using var loggers = LoggerFactory.Create(l => l.AddProvider(_logs));
        return ManufacturerCertificates.Load(file, new FakeTime(at), loggers.CreateLogger("manufacturer"));
    }

    private void ShouldBeRefused(Func<object> action, string reason)
    {
        var refused = Should.Throw<ProblemException>(action);
        refused.Status.ShouldBe(401);
        refused.Code.ShouldBe("manufacturer_certificate_refused");
        refused.Message.ShouldContain(reason);
        _logs.Text.ShouldContain(reason);
    }

    /// <summary>A leaf of a good root, signed with this hash: the BCL would not.</summary>
    private static X509Certificate2 Issue(string openssl, TempFolder folder, string subject, string hash, params string[] more)
    {
        Run(openssl, ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder.Combine("ca.key"), "-out", folder.Combine("ca.pem"), "-subj", "/CN=Root", "-days", "30"]);
        Run(openssl, ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", folder.Combine("leaf.key"), "-out", folder.Combine("leaf.csr"), "-subj", subject]);
        Run(openssl, ["x509", "-req", "-in", folder.Combine("leaf.csr"), "-CA", folder.Combine("ca.pem"), "-CAkey", folder.Combine("ca.key"), "-CAcreateserial", $"-{hash}", "-out", folder.Combine("leaf.pem"), .. more]);
        return X509Certificate2.CreateFromPem(File.ReadAllText(folder.Combine("leaf.pem")));
    }

    private static void Run(string program, string[] arguments) => Tools.RunAsync(program, arguments).GetAwaiter().GetResult().EnsureSuccess();

    private static string Data(string file) => Path.Combine(AppContext.BaseDirectory, "Enrollment", "Data", file);

    private static IReadOnlyList<X509Certificate2> Certificates(string name) => Pem.ParseCertificates(File.ReadAllText(Data(name + ".pem")));
}
