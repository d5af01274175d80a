using System.Xml.Linq;

namespace IoTPlatform.Iot;

/// <summary>Reads the test platform's trx file.</summary>
internal static class TrxReport
{
    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    /// <summary>Null when there is no report.</summary>
    public static TestProjectResult? Read(string project, string path, double durationMs)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var report = XDocument.Load(path);
        var tests = report.Descendants(Trx + "UnitTestResult").ToArray();
        return new TestProjectResult
        {
            Project = project,
            Passed = tests.Count(test => Outcome(test) == "Passed"),
            Failed = tests.Count(test => Outcome(test) is not ("Passed" or "NotExecuted")),
            Skipped = tests.Count(test => Outcome(test) == "NotExecuted"),
            DurationMs = durationMs,
            Crash = report.Descendants(Trx + "ResultSummary").Any(summary => Outcome(summary) is "Aborted" or "Error") ? "the run was aborted" : null,
            Failures = [.. tests.Where(test => Outcome(test) is not ("Passed" or "NotExecuted")).Select(FailureOf)],
            SkipReasons = tests.Where(test => Outcome(test) == "NotExecuted").GroupBy(SkipReason, StringComparer.Ordinal).ToDictionary(reason => reason.Key, reason => reason.Count(), StringComparer.Ordinal),
        };
    }

    private static FailedTest FailureOf(XElement test) => new(
        test.Attribute("testName")?.Value ?? "?",
        test.Descendants(Trx + "Message").FirstOrDefault()?.Value.Trim() ?? Outcome(test),
        test.Descendants(Trx + "StackTrace").FirstOrDefault()?.Value.TrimEnd());

    private static string SkipReason(XElement test) =>
        (test.Descendants(Trx + "Message").FirstOrDefault() ?? test.Descendants(Trx + "StdOut").FirstOrDefault())?.Value.Trim() is { Length: > 0 } reason ? reason : "no reason given";

    private static string Outcome(XElement element) => element.Attribute("outcome")?.Value ?? "Unknown";
}
