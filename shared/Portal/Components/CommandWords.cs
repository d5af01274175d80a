using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Portal.Components;

/// <summary>A command's state for people.</summary>
public static class CommandWords
{
    private const int MostText = 200;

    public static StateTone Tone(CommandState state) => state switch
    {
        CommandState.Answered => StateTone.Good,
        CommandState.Queued or CommandState.Delivered => StateTone.Busy,
        CommandState.Refused => StateTone.Bad,
        _ => StateTone.Warning,
    };

    /// <summary>What came of it, as far as it fits: its answer, else why there is none.</summary>
    public static string Outcome(string? answer, string? reason) => (answer ?? reason) is not { } text ? "" : text.Length <= MostText ? $": {text}" : $": {text[..MostText]}…";
}
