"""From the bytes of a sound file to its samples: what is in it, is it all there, and who decodes it.

    links.links_of     looks at the bytes and says of which recordings the file consists (a file put together with `cat` has
                       several), where each begins and ends, and what is wrong with it
    sndfile, ffmpeg    decode one link: libsndfile what it reads right, FFmpeg (PyAV) the rest

The rule, for all formats: the content's own length counts, never a header's. A header that is wrong about a whole file is
overruled; a file that is really cut off, or in which something is missing, is a `Fault`, and whoever reads up to it gets a
DecodeError. So a sound is read whole or refused, never silently shorter.
"""
