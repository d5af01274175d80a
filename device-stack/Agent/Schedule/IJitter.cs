namespace IoTPlatform.Agent;

/// <summary>Spreads a fleet's requests over time.</summary>
public interface IJitter
{
    /// <summary>0 up to, not including, 1.</summary>
    double Next();
}
