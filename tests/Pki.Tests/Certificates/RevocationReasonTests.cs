namespace IoTPlatform.Pki.Tests.Certificates;

/// <summary>RFC 5280 5.3.1.</summary>
public sealed class RevocationReasonTests
{
    [Theory]
    [InlineData(0, RevocationReason.Unspecified)]
    [InlineData(1, RevocationReason.KeyCompromise)]
    [InlineData(2, RevocationReason.CaCompromise)]
    [InlineData(3, RevocationReason.AffiliationChanged)]
    [InlineData(4, RevocationReason.Superseded)]
    [InlineData(5, RevocationReason.CessationOfOperation)]
    [InlineData(6, RevocationReason.CertificateHold)]
    [InlineData(8, RevocationReason.RemoveFromCrl)]
    [InlineData(9, RevocationReason.PrivilegeWithdrawn)]
    [InlineData(10, RevocationReason.AaCompromise)]
    public void TryParse_ReasonOfTheRfc_IsIt(int code, RevocationReason expected)
    {
        RevocationReasons.TryParse(code, out var reason).ShouldBeTrue();
        reason.ShouldBe(expected);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(7)]
    [InlineData(11)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public void TryParse_AnythingElse_IsFalse(int code) => RevocationReasons.TryParse(code, out _).ShouldBeFalse();

    [Fact]
    public void LeavesKeyTrusted_OnlyReplacedOrNotNeeded() =>
        Enum.GetValues<RevocationReason>().Where(reason => reason.LeavesKeyTrusted()).ShouldBe([RevocationReason.Superseded, RevocationReason.CessationOfOperation]);
}
