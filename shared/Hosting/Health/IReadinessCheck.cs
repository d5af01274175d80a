namespace IoTPlatform.Hosting;

/// <summary>Something that <c>/health/ready</c> tells of. It answers at once, from what was last seen.</summary>
public interface IReadinessCheck
{
    /// <summary>Member of the answer.</summary>
    string Name { get; }

    /// <summary>A word for it.</summary>
    string State { get; }

    /// <summary>Why the host should get no requests; null: it is no less ready for it.</summary>
    ProblemException? Problem { get; }
}
