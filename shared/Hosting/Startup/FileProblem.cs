namespace IoTPlatform.Hosting;

/// <summary>Says in an operator's words why a file operation failed.</summary>
public static class FileProblem
{
    /// <summary>Null when the exception is none of the usual ones.</summary>
    public static string? Describe(Exception exception) => exception switch
    {
        UnauthorizedAccessException => "permission denied. Change its owner or mode, or choose another folder.",
        IOException io => (io.HResult & 0xffff) switch
        {
            28 => "the disk is full. Free some space, then start again.",
            122 => "the disk quota is used up. Free some space, then start again.",
            30 => "the file system is read-only.",
            20 or 17 => "a file of that name is in the way.",
            _ => null,
        },
        _ => null,
    };
}
