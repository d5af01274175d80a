namespace IoTPlatform.Hosting;

/// <summary>Something that <c>/health/ready</c> looks at. Answers from what is known already: no waiting.</summary>
public interface IReadiness
{
    /// <summary>Null while nothing is wrong; else code and detail of the 503.</summary>
    (string Code, string Detail)? Problem { get; }
}
