namespace IoTPlatform.Portal.Components;

/// <summary>What a state means for its reader.</summary>
public enum StateTone
{
    Neutral,
    Good,
    Busy,
    Warning,
    Bad,
}
