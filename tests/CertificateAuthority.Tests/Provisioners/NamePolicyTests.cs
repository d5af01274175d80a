using System.Net;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

public sealed class NamePolicyTests
{
    private const string AllowAll = """{"dns":["*.example.com","www.example.org"],"ip":["10.0.0.0/8","192.0.2.7"],"email":["@example.com","Joe@example.org"],"uri":["*.example.com"]}""";

    [Theory]
    [InlineData("a.example.com")]
    [InlineData("A.EXAMPLE.COM")]
    [InlineData("www.example.org")]
    [InlineData("10.255.0.1")]
    [InlineData("192.0.2.7")]
    [InlineData("any.body@example.com")]
    [InlineData("Joe@EXAMPLE.org")]
    [InlineData("https://a.example.com/path")]
    public void Allowed_NameOfTheList_Passes(string name) => Policy($$"""{"allow":{{AllowAll}}}""").Require(Names(name));

    [Theory]
    [InlineData("example.com")]
    [InlineData("a.b.example.com")]
    [InlineData("aexample.com")]
    [InlineData("a.example.com.evil.test")]
    [InlineData("www.example.org.evil.test")]
    [InlineData("11.0.0.1")]
    [InlineData("192.0.2.8")]
    [InlineData("a@sub.example.com")]
    [InlineData("joe@example.org")]
    [InlineData("https://example.com/a.example.com")]
    [InlineData("https://evil.test/#.example.com")]
    [InlineData("urn:a.example.com")]
    public void Allowed_OtherName_IsRefused(string name) => ShouldRefuse($$"""{"allow":{{AllowAll}}}""", Names(name));

    [Fact]
    public void Allowed_OnlyOfOneKind_RefusesTheOthers()
    {
        ShouldRefuse("""{"allow":{"dns":["a.test"]}}""", Names("192.0.2.1"));
        ShouldRefuse("""{"allow":{"dns":["a.test"]}}""", Names("a@a.test"));
    }

    [Fact]
    public void Denied_NameThatIsAllowedToo_IsRefused() => ShouldRefuse("""{"allow":{"dns":["*.example.com"]},"deny":{"dns":["secret.example.com"]}}""", Names("secret.example.com"));

    [Theory]
    [InlineData("10.0.0.7")]
    [InlineData("eve@example.com")]
    [InlineData("Any.Body@EXAMPLE.org")]
    [InlineData("https://secret.example.com/path")]
    [InlineData("https://A.Closed.Example.com")]
    public void Denied_AddressMailboxOrUri_IsRefused(string name) =>
        ShouldRefuse("""{"deny":{"ip":["10.0.0.0/29"],"email":["eve@example.com","@example.org"],"uri":["secret.example.com","*.closed.example.com"]}}""", Names(name));

    [Theory]
    [InlineData("10.0.0.8")]
    [InlineData("ann@example.com")]
    [InlineData("https://open.example.com/secret.example.com")]
    public void Denied_OtherAddressMailboxOrUri_Passes(string name) =>
        Policy("""{"deny":{"ip":["10.0.0.0/29"],"email":["eve@example.com","@example.org"],"uri":["secret.example.com","*.closed.example.com"]}}""").Require(Names(name));

    [Fact]
    public void Denied_OtherName_Passes() => Policy("""{"deny":{"dns":["secret.example.com"]}}""").Require(Names("open.example.com"));

    /// <summary>Certificates have A-labels.</summary>
    [Theory]
    [InlineData("bücher.test", "xn--bcher-kva.test")]
    [InlineData("BÜCHER.Test", "XN--BCHER-KVA.test")]
    [InlineData("*.bücher.test", "a.xn--bcher-kva.test")]
    [InlineData("xn--bcher-kva.test", "xn--bcher-kva.test")]
    public void Denied_DomainInLettersOfItsOwn_IsRefused(string rule, string name) => ShouldRefuse($$"""{"deny":{"dns":["{{rule}}"]} }""", Names(name));

    [Fact]
    public void Wildcard_WithoutLeave_IsRefused() => ShouldRefuse("""{"allow":{"dns":["*.example.com"]}}""", Names("*.example.com"));

    [Fact]
    public void Wildcard_WithLeave_Passes() => Policy("""{"allow":{"dns":["*.example.com"]},"allowWildcardNames":true}""").Require(Names("*.example.com"));

    [Fact]
    public void CommonName_ThatIsNotAllowed_IsRefused() =>
        ShouldRefuse("""{"allow":{"dns":["a.example.com"]}}""", SubjectNames.FromSans("evil.test", ["a.example.com"]));

    [Theory]
    [InlineData("""{"x509":{"allow":{"dns":["*"]}}}""")]
    [InlineData("""{"x509":{"allow":{"dns":["a.*.test"]}}}""")]
    [InlineData("""{"x509":{"allow":{"dns":["*."]}}}""")]
    [InlineData("""{"x509":{"deny":{"dns":["bü..test"]}}}""")]
    [InlineData("""{"x509":{"allow":{"ip":["ten"]}}}""")]
    [InlineData("""{"x509":{"allow":{"ou":["a"]}}}""")]
    [InlineData("""{"x509":{"allow":{"dns":"a.test"}}}""")]
    [InlineData("""{"x509":{"alow":{}}}""")]
    [InlineData("""{"x5o9":{}}""")]
    [InlineData("""[]""")]
    public void Policy_NotUnderstood_IsRefusedWhole(string policy) =>
        Should.Throw<ProblemException>(() => NamePolicy.Of(Definition(policy))).Code.ShouldBe("invalid_provisioner");

    [Fact]
    public void CommonName_ByRulesOfItsOwn_IsNotJudgedByWhatItLooksLike()
    {
        var policy = NamePolicy.Of(Definition("""{"x509":{"allow":{"dns":["*.fleet.test"],"cn":["Line 7"]},"deny":{"cn":["b.fleet.test"]}}}"""))!;

        policy.Require(Pki.SubjectNames.FromSans("Line 7", ["a.fleet.test"]));
        Should.Throw<ProblemException>(() => policy.Require(Pki.SubjectNames.FromSans("line8.test", ["a.fleet.test"])));
        Should.Throw<ProblemException>(() => policy.Require(Pki.SubjectNames.FromSans("b.fleet.test", ["a.fleet.test"])));
        Should.Throw<ProblemException>(() => policy.Require(Pki.SubjectNames.FromSans("Line 7", ["line7"])), "alternative names have rules of their own");
    }

    private static void ShouldRefuse(string x509, SubjectNames names)
    {
        var refusal = Should.Throw<ProblemException>(() => Policy(x509).Require(names));
        (refusal.Status, refusal.Code).ShouldBe(((int)HttpStatusCode.Forbidden, "name_not_allowed"));
    }

    private static NamePolicy Policy(string x509) => NamePolicy.Of(Definition($$"""{"x509":{{x509}}}"""))!;

    private static SubjectNames Names(string san) => SubjectNames.FromSans(commonName: null, [san]);

    private static ProvisionerDefinition Definition(string policy) => ProvisionerDefinition.Parse($$"""{"type":"JWK","name":"a","policy":{{policy}}}""");
}
