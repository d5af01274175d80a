using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

public sealed class ProvisionerClaimsTests
{
    [Theory]
    [InlineData("""{}""", "00:05:00", "1.00:00:00", "1.00:00:00")]
    [InlineData("""{"maxTLSCertDuration":"720h"}""", "00:05:00", "1.00:00:00", "30.00:00:00")]
    [InlineData("""{"maxTLSCertDuration":"1h"}""", "00:05:00", "01:00:00", "01:00:00")]
    [InlineData("""{"defaultTLSCertDuration":"48h0m0s"}""", "00:05:00", "2.00:00:00", "2.00:00:00")]
    [InlineData("""{"minTLSCertDuration":"36h"}""", "1.12:00:00", "1.12:00:00", "1.12:00:00")]
    [InlineData("""{"maxTLSCertDuration":"2m"}""", "00:02:00", "00:02:00", "00:02:00")]
    [InlineData("""{"enableSSHCA":true,"maxUserSSHCertDuration":"16h","disableRenewal":false}""", "00:05:00", "1.00:00:00", "1.00:00:00")]
    public void Lifetimes_PartlyGiven_TheRestGivesWay(string claims, string min, string usual, string max)
    {
        var read = Claims(claims);

        (read.MinLifetime, read.Profile.DefaultLifetime, read.Profile.MaxLifetime).ShouldBe((TimeSpan.Parse(min), TimeSpan.Parse(usual), TimeSpan.Parse(max)));
    }

    [Fact]
    public void Renewal_Disabled_IsRead() => Claims("""{"disableRenewal":true}""").DisableRenewal.ShouldBeTrue();

    [Theory]
    [InlineData("""{"minTLSCertDuration":"2h","maxTLSCertDuration":"1h"}""")]
    [InlineData("""{"defaultTLSCertDuration":"2h","maxTLSCertDuration":"1h"}""")]
    [InlineData("""{"maxTLSCertDuration":"a day"}""")]
    [InlineData("""{"maxTLSCertDuration":24}""")]
    [InlineData("""{"maxTLSCertDuration":"-1h"}""")]
    [InlineData("""{"maxTLSCertDuration":"30s"}""")]
    [InlineData("""{"maxTLSCertDuration":"9999999h"}""")]
    [InlineData("""{"disableRenewal":"yes"}""")]
    [InlineData("""{"allowRenewalAfterExpiry":"always"}""")]
    [InlineData("""{"maxTlsCertDuration":"1h"}""")]
    [InlineData("""[]""")]
    public void Claims_NotUnderstood_AreRefused(string claims) => Should.Throw<ProblemException>(() => Claims(claims)).Code.ShouldBe("invalid_provisioner");

    private static ProvisionerClaims Claims(string claims) =>
        ProvisionerClaims.Of(ProvisionerDefinition.Parse($$"""{"type":"JWK","name":"a","claims":{{claims}}}"""), CaHost.DefaultOptions);
}
