using IoTPlatform.Testing;

namespace IoTPlatform.Iot.Tests.Commands;

public sealed class TrxReportTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Read_PassedFailedSkipped_AreCounted()
    {
        var result = Read("Completed", """
            <UnitTestResult testName="A.Passes" outcome="Passed" />
            <UnitTestResult testName="A.PassesToo" outcome="Passed" />
            <UnitTestResult testName="A.Fails" outcome="Failed"><Output><ErrorInfo><Message>expected 1, was 2</Message><StackTrace>at A.Fails()</StackTrace></ErrorInfo></Output></UnitTestResult>
            <UnitTestResult testName="A.Skips" outcome="NotExecuted"><Output><StdOut>needs step</StdOut></Output></UnitTestResult>
            """)!;

        (result.Passed, result.Failed, result.Skipped, result.Crash).ShouldBe((2, 1, 1, null));
        result.Failures.Single().ShouldBe(new FailedTest("A.Fails", "expected 1, was 2", "at A.Fails()"));
        result.SkipReasons.ShouldBe(new Dictionary<string, int> { ["needs step"] = 1 });
    }

    [Theory]
    [InlineData("Aborted")]
    [InlineData("Error")]
    public void Read_TestHostDied_IsACrash(string outcome) => Read(outcome, "<UnitTestResult testName=\"A\" outcome=\"Passed\" />")!.Crash.ShouldNotBeNull();

    [Theory]
    [InlineData("Timeout")]
    [InlineData("Inconclusive")]
    [InlineData("Aborted")]
    [InlineData("")]
    public void Read_UnknownOutcome_CountsAsFailed(string outcome) => Read("Completed", $"<UnitTestResult testName=\"A\" outcome=\"{outcome}\" />")!.Failed.ShouldBe(1);

    [Fact]
    public void Read_NoReport_IsNull() => TrxReport.Read("A", _temp.Combine("nothing.trx"), 0).ShouldBeNull();

    [Theory]
    [InlineData(1, 0, 0, 0, true)]
    [InlineData(1, 0, 5, 0, true)]
    [InlineData(0, 0, 0, 0, false)]
    [InlineData(0, 0, 5, 0, false)]
    [InlineData(9, 1, 0, 0, false)]
    [InlineData(9, 0, 0, 1, false)]
    public void Total_IsGood_OnlyIfSomethingRanAndNothingWentWrong(int passed, int failed, int skipped, int crashed, bool good) =>
        new TestTotal(passed, failed, skipped, crashed).IsGood.ShouldBe(good);

    private TestProjectResult? Read(string outcome, string results)
    {
        File.WriteAllText(_temp.Combine("r.trx"), $"""
            <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>{results}</Results><ResultSummary outcome="{outcome}" /></TestRun>
            """);
        return TrxReport.Read("A.Tests", _temp.Combine("r.trx"), 5);
    }
}
