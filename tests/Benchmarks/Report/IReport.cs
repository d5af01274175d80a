namespace IoTPlatform.Benchmarks.Report;

/// <summary>What a run answers, as text or as one JSON document.</summary>
internal interface IReport
{
    int Failures { get; }

    string ToText();

    string ToJson();
}
